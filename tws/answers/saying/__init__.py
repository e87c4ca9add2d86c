"""What is said: for each kind of question, which readings it takes and which phrases tell them.

speech.py    one answer in the making: reads, says, and keeps what the next question may point to
queries.py   questions over the plan: lists, counts, shares, groups, firsts, yes and no, values
objects.py   one object: how it is, why it failed or waits, its runs, its rule
beside.py    logs, impact, predecessors, runs and days side by side, the plan as a whole
knowledge.py what memories and the vocabulary say, and orders with their recipe
talk.py      what needs no plan, and what can't be answered
"""
