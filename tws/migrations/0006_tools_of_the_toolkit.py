"""Agents that may use only some tools keep to what these became: a list of unknown names means all."""

from __future__ import annotations

from typing import Any

from django.db import migrations

BECAME = {
    "count_jobs": "plan_query", "critical_jobs": "plan_query", "deadline_risks": "plan_query",
    "failed_jobs": "plan_query", "find_jobs": "plan_query", "job_streams": "plan_query",
    "late_jobs": "plan_query", "plan_summary": "plan_query", "prompts": "plan_query",
    "resources": "plan_query", "workstations": "plan_query", "engine_info": "plan_query",
    "find_object": "inspect", "get_job": "inspect", "get_predecessors": "inspect",
    "why_job_waits": "inspect", "get_successors": "impact", "get_job_log": "log",
    "compare_runs": "compare", "similar_names": "resolve",
}  # fmt: skip


def rename_tools(apps: Any, schema_editor: Any) -> None:
    for agent in apps.get_model("tws", "Agent").objects.exclude(tools=[]):
        agent.tools = sorted({BECAME.get(name, name) for name in agent.tools})
        agent.save(update_fields=["tools"])


class Migration(migrations.Migration):
    dependencies = [("tws", "0005_what_was_asked")]

    operations = [migrations.RunPython(rename_tools, migrations.RunPython.noop)]
