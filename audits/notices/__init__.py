"""What people are told when nobody looks: new in the queue, overdue, something down, and back.

`news` finds out what there is to tell since the last time, `outbox` keeps it until it is sent,
`wording` makes a text, a JSON object or a card of it, `webhook` and `mail` carry it, `sending` is
one turn of all that. Counts and names of ours alone are told: no text of a memory, no error.
"""
