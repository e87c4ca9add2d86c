"""The language of HWA and of its operators: statuses, names, numbers, times. No Django here.

What the words are stands in TOML files beside the modules that read them.
"""
