"""Types of command line arguments; argparse says what is wrong with one."""

from __future__ import annotations

from argparse import ArgumentTypeError

MOST = 10**9


def positive(value: str) -> int:
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 12 else 0
    if not 1 <= number <= MOST:
        raise ArgumentTypeError(f"{value!a} is not a whole number from 1 to {MOST}")
    return number
