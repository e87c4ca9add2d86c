"""What the pages' scripts say, in the user's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def examples() -> list[str]:
    """Questions to begin with."""
    return [
        _("Which jobs failed in the last 3 hours?"),
        _("How many jobs are in each status?"),
        _("Which jobs are late?"),
        _("Which workstations have a problem?"),
        _("Give me a summary of the plan."),
    ]


def _connection() -> dict[str, str]:
    return {
        "connecting": _("Connecting…"),
        "connected": _("Connected"),
        "lost": _("Connection lost. Trying again…"),
        "sign_in": _("Still no connection. You may have to sign in again."),
    }


def chat_strings() -> dict[str, object]:
    return _connection() | {
        "you": _("You"),
        "waiting": _("Waiting…"),
        "thinking": _("Working on it…"),
        "reading": _("Reading HWA: {tool}"),
        "steps": _("Steps"),
        "sources": _("Sources"),
        "understood": _("Understood as: {how}."),
        "unused": _("Not used: {words}."),
        "outcomes": {
            "partial": _("Only a part of the question was answered."),
            "cannot": _("This could not be answered."),
            "ask": _("A question back."),
            "refused": _("Resync only reads."),
        },
        "suggestions": _("You may ask"),
        "memory": _("Memory"),
        "trusted": _("approved by a person"),
        "cleared": _("verified, not reviewed"),
        "failed_step": _("failed"),
        "stopped": _("Stopped."),
        "not_answered": _("Not answered."),
        "done": _("The answer is complete."),
        "good": _("This helped"),
        "wrong": _("This is wrong"),
        "what_is_wrong": _("What is wrong? (optional)"),
        "send_feedback": _("Send"),
        "cancel": _("Cancel"),
        "thanks": _("Thank you. A reviewer will see it."),
        "thanks_good": _("Thank you."),
        "again": _("Ask again"),
        "characters": _("{count} of {longest} characters"),
    }


def live_strings() -> dict[str, object]:
    return _connection() | {
        "groups": {
            "success": _("Successful"),
            "failed": _("In error"),
            "running": _("Running"),
            "waiting": _("Waiting"),
            "ready": _("Ready"),
            "stuck": _("Stuck"),
            "cancelled": _("Cancelled"),
            "suppressed": _("Suppressed"),
            "undecided": _("Undecided"),
        },
        "group_question": {
            "success": _("Which jobs are successful?"),
            "failed": _("Which jobs are in error?"),
            "running": _("Which jobs are running?"),
            "waiting": _("Which jobs are waiting?"),
            "ready": _("Which jobs are ready?"),
            "stuck": _("Which jobs are stuck?"),
            "cancelled": _("Which jobs are cancelled?"),
            "suppressed": _("Which jobs are suppressed?"),
            "undecided": _("Which jobs are undecided?"),
        },
        "ask": _("Ask about this"),
        "ask_failed": _("Why did {name} fail?"),
        "ask_late": _("Why is {name} late?"),
        "ask_critical": _("What is the status of {name}?"),
        "ask_workstation": _("What is wrong with the workstation {name}?"),
        "jobs": _("{count} jobs in the plan"),
        "more": _("and {count} more"),
        "none_failed": _("No job has failed in the last {hours} hours."),
        "none_late": _("HWA marks no job as late."),
        "none_critical": _("No critical job is open."),
        "none_workstation": _("Every workstation is linked and starts jobs."),
        "not_readable": _("Not to be read: {reason}"),
        "not_whole": _("HWA's lists could not be read to the end: some of the plan is missing."),
        "not_understood": _("Not understood, and left out: {count}"),
        "return_code": _("return code {code}"),
        "deadline": _("deadline {time}"),
        "at": _("at {time}"),
        "unlinked": _("not linked"),
        "jobman_down": _("jobman is down: starts no job"),
        "limit_0": _("limit 0: starts no job"),
        "fence": _("fence: only urgent jobs start"),
        "simulator": _("Simulator: these jobs are invented"),
        "as_of": _("{engine}, as of {time} ({age})"),
        "seconds_ago": _("{count} s ago"),
        "minutes_ago": _("{count} min ago"),
        "unavailable": _("HWA has not answered since {time}."),
        "refused": _("HWA has refused to answer since {time}."),
        "unreadable": _("The plan has not been readable since {time}."),
        "never_read": _("The plan has not been read yet."),
        "nothing_shown": _("Until it answers, nothing is shown here."),
    }
