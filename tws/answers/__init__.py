"""Who answers an operator, and from what.

understanding/   what a question asks; toolkit/ what is read for it; saying/ what is said of that
rules.py         the agent by rules; llm_agent.py the one with an LLM; agents.py starts either
memories.py      memories as answers find and quote them
events.py        what happens while a question is answered
language.py      which of the two languages
"""
