"""Answers as data: evidence, claims that point into it, and the words they are said in. Pure.

Nobody reads an answer's prose back. What makes an answer says what it means (`composing`, and
`slots` for a model's text), and whoever judges it evaluates the same pointers on the same evidence
and renders the same words (`checking`). docs/claims.md describes expressions and kinds.
"""
