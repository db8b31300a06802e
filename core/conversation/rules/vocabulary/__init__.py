"""The words of each meaning: tables of patterns, matched clause by clause in plain form ("don't" is "do not").

pattern       one row of a table
wishes, talk  what callees say in any call; together they are `general`
payment       what debtors say
appointment   what patients and guests say
"""
