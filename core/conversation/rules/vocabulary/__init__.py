"""The words of each meaning: tables of patterns, matched clause by clause, in plain form ("don't" is "do not").

pattern       one row of a table
wishes, talk  what may be said in any call; together they are `general`
payment       what debtors say
appointment   what patients and guests say
"""
