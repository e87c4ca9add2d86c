"""Parts of `audits/admin.py`: the review console. Decisions' rules are in `audits/review.py`."""
