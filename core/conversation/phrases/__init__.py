"""Phrases: what people say on the phone, as data, one file a language and subject.

normal      words in the form in which they are compared
book        reads a file, and compiles its phrases
find        finds the phrases of a book in what was said

A file `SUBJECT.LANGUAGE.yaml` has `words` (a name for words that say the same: `<call>` stands for any of them), `fillers` (words that
may be anywhere without changing the meaning) and sections of phrases. A phrase is words and names in order; `*` stands for up to three
words of any kind, `**` for up to ten, `<name>` for a name of one or two, `word?` may be left out, and `^` and `$` are the beginning and
the end of what was said. Words are compared without accents, capitals and punctuation; longer ones may differ by a letter.
`script: skeleton` compares words by their consonants: for Hindi, which speech recognition writes in Devanagari or in any of many Latin
spellings.
"""

from core.conversation.phrases.book import Book, book, languages_of, load_all
from core.conversation.phrases.find import Found, find, sections_in

__all__ = ["Book", "Found", "book", "find", "languages_of", "load_all", "sections_in"]
