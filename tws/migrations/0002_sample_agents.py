"""The two agents that exist from the start."""

from __future__ import annotations

from typing import Any

from django.db import migrations

AGENTS = [
    {
        "slug": "tws-analyzer",
        "name": "TWS Analyzer",
        "role": "Reads the plan and says how it stands",
        "goal": "Answer what runs, what waits, what is late and how much of the plan is done.",
        "instructions": "Begin with the figure or status that was asked for, then the detail.",
        "languages": ["pt-br", "en"],
    },
    {
        "slug": "tws-troubleshooter",
        "name": "TWS Troubleshooter",
        "role": "Finds out why a job failed or does not start",
        "goal": "Name the cause that the plan and the job log show, and what it holds up.",
        "instructions": "Quote the line of the log that states the cause. "
        "Suggest a next step only when the log or an approved memory supports it.",
        "languages": ["pt-br", "en"],
    },
]


def create_agents(apps: Any, schema_editor: Any) -> None:
    agents = apps.get_model("tws", "Agent").objects
    for agent in AGENTS:
        agents.get_or_create(slug=agent["slug"], defaults=agent)


class Migration(migrations.Migration):
    dependencies = [("tws", "0001_initial")]

    operations = [migrations.RunPython(create_agents, migrations.RunPython.noop)]
