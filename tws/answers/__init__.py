"""Answers by rules.

language.py   which of the two languages
signs.py      the words that show what is asked; intents.py takes a question apart by them
names.py      the names in a question, and those the conversation is about
route.py      from what is asked to the answer that fits
about_*.py    the answers: tools asked, results said
desk.py       how facts are worded; phrases.py has the sentences
memories.py   which memories answer a question, and how they are quoted
rules.py      the agent
"""
