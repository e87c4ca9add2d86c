"""The LLM judge: what a model says of a memory, held to something.

| module | what |
|---|---|
| `judge` | how many samples are taken, batches with their canaries, places and pace |
| `samples` | one look, held to what it names |
| `material` | what the model sees: sections between markers |
| `relevance` | evidence cut to its room by what matters |
| `replies` | what it may say back, and how that is read |
| `statements` | what an answer states, evaluated on the evidence by the program |
| `canaries` | wrong answers that must be caught |
"""

from audits.judges.llm.judge import LLMJudge, NoCache, VerdictCache
from audits.judges.llm.material import CURRENT, is_prompt, versions

__all__ = ["CURRENT", "LLMJudge", "NoCache", "VerdictCache", "is_prompt", "versions"]
