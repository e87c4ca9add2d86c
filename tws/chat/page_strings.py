"""What the pages' scripts say, in the user's language."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from knowledge.models import REQUESTS, FeedbackReason
from tws.chat import run_log
from tws.chat.trouble import answer_not_kept


def moment(at: datetime | None) -> str:
    """A point in time with its day, as pages and files write it; "" when there is none."""
    return date_format(timezone.localtime(at), _("j M Y H:i")) if at else ""


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
        "no_answer": _("The server does not answer. Trying again…"),
        "signed_out": _("Your sign-in has ended. What you typed is kept."),
        "sign_in_again": _("Sign in again"),
        "no_role": _("Your role no longer includes this page."),
        "no_agent": _("This agent was switched off."),
        "too_many": _("Too many pages of yours are open. Close some."),
    }


def fate_words(kind: str, *, through: bool) -> str:
    """What became of an answer, or of a memory that it rests on."""
    return str(_fates()[f"{kind}_through" if through else kind])


def _fates() -> dict[str, str]:
    return {
        "flagged": _("This answer was flagged: do not rely on it before a reviewer has decided."),
        "quarantined": _("This answer was taken out of use."),
        "rejected": _("A reviewer has rejected this answer."),
        "corrected": _("A reviewer has corrected this answer."),
        "flagged_through": _(
            "A memory that this answer rests on was flagged: do not rely on it before a reviewer "
            "has decided."
        ),
        "quarantined_through": _("A memory that this answer rests on was taken out of use."),
        "rejected_through": _("A reviewer has rejected a memory that this answer rests on."),
        "corrected_through": _("A reviewer has corrected a memory that this answer rests on."),
    }


def outcomes() -> dict[str, str]:
    """What came of a question, where that is no answer to all of it."""
    return {
        "partial": _("Only a part of the question was answered."),
        "cannot": _("This could not be answered."),
        "ask": _("A question back."),
        "refused": _("Resync only reads."),
    }


def chat_strings() -> dict[str, object]:
    return _connection() | {
        "you": _("You"),
        "waiting": _("Waiting…"),
        "thinking": _("Working on it…"),
        "reading": _("Reading HWA: {tool}"),
        "steps": _("Steps"),
        "sources": _("Sources"),
        "understood": _("Understood as: {how}"),
        "unused": _("Not used: {words}."),
        "outcomes": outcomes(),
        "memory": _("Memory"),
        "all_memories": _("All my memories"),
        "trusted": _("approved by a person"),
        "cleared": _("verified, not reviewed"),
        "failed_step": _("failed"),
        "stopped": _("Stopped."),
        "not_answered": _("Not answered."),
        "troubles": {
            run_log.INTERRUPTED: run_log.interrupted(),
            "disk_full": answer_not_kept("disk_full"),
            "read_only": answer_not_kept("read_only"),
            "database_away": answer_not_kept("database_away"),
            "hwa_unavailable": _("HWA did not answer."),
            "llm_unavailable": _("The language model did not answer."),
        },
        "done": _("The answer is complete."),
        "good": _("This helped"),
        "wrong": _("This is wrong"),
        "why_wrong": _("What is wrong?"),
        "what_is_wrong": _("What should it say? (optional)"),
        "reasons": {
            value: str(label) for value, label in FeedbackReason.choices if value not in REQUESTS
        },
        "ctrl_enter": _("Ctrl+Enter sends."),
        "taken_back_rating": _("Taken back. What a reviewer has in hand already stays there."),
        "what_fixed": _("What fixed {job}?"),
        "cause": _("Cause"),
        "what_was_done": _("What was done"),
        "fix_is_reviewed": _("A reviewer decides whether others are shown this."),
        "fix_thanks": _("Thank you. Once a reviewer has approved it, others are shown it."),
        "send_feedback": _("Send"),
        "cancel": _("Cancel"),
        "thanks": _("Thank you. A reviewer will see it."),
        "thanks_good": _("Thank you."),
        "again": _("Ask again"),
        "edit": _("Edit and ask"),
        "earlier": _("Earlier questions"),
        "fates": _fates(),
        "corrected_to": _("It says now:"),
        "taken_back": _("Taken back since you read it"),
        "seen": _("I have seen this"),
        "pinned": _("Pinned"),
        "pin": _("Pin"),
        "unpin": _("Take the pin off"),
        "rename": _("Rename"),
        "new_title": _("New title"),
        "save": _("Save"),
        "delete": _("Delete"),
        "deleted": _("“{title}” was deleted."),
        "undo": _("Undo"),
        "not_done": _("This was not done: {reason}"),
        "export_markdown": _("Export as Markdown"),
        "export_json": _("Export as JSON"),
        "more_of": _("More for “{title}”"),
        "none_found": _("No conversation holds this."),
        "none_yet": _("No conversation yet."),
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
        "ask_critical": _("What is the status of {name}?"),
        "ask_workstation": _("What is wrong with the workstation {name}?"),
        "ask_prompts": _("Which prompts are waiting for a reply?"),
        "ask_stream": _("What is the status of the job stream {name}?"),
        "jobs": _("{count} jobs in the plan"),
        "jobs_here": _("{count} jobs of the plan are in this filter"),
        "more": _("and {count} more"),
        "more_causes": _("{count} more causes: narrow the plan down to see them."),
        "none_critical": _("No critical job is open."),
        "nothing_needed": _("Nothing needs you: read at {time}."),
        "needs": {
            "failed": (_("{count} in error"), _("{count} in error")),
            "stuck": (_("{count} stuck"), _("{count} stuck")),
            "late": (_("{count} late"), _("{count} late")),
            "will_miss": (
                _("{count} will miss its deadline"),
                _("{count} will miss their deadline"),
            ),
            "ready": (_("{count} ready, not started"), _("{count} ready, not started")),
            "held_up": (_("holds up {count} more"), _("holds up {count} more")),
            "critical": (_("{count} critical job"), _("{count} critical jobs")),
        },
        "causes": {
            "failed": _("{status} with return code {code} on {workstation}"),
            "failed_without_code": _("{status} on {workstation}"),
            "prompt": _("Waits for an answer: {text}"),
            "stuck": _("{stream} is stuck"),
            "late": _("{stream} is late"),
        },
        "reviewed_fix": _("Reviewed fix, approved by {name}, {time}"),
        "first_deadline": _("first deadline {time}"),
        "not_all": _("Not everything could be looked at: there may be more."),
        "edges_missing": _("What jobs wait for has not been read for all of them yet."),
        "an_hour": _("{time}: {starts} to start, {deadlines} due, {critical} of them critical"),
        "ask_hour": _("Which jobs start between {from} and {to}?"),
        "refreshed": _("Updates by itself; last at {time}."),
        "backup": _("The first host does not answer; {host} does."),
        "clock_ahead": _(
            "HWA's clock is {count} min ahead of ours: how long jobs have been running is wrong."
        ),
        "clock_behind": _(
            "HWA's clock is {count} min behind ours: how long jobs have been running is wrong."
        ),
        "not_readable": _("Workstations are not to be read: {reason}"),
        "not_whole": _("HWA's lists could not be read to the end: some of the plan is missing."),
        "not_understood": _("Not understood, and left out: {count}"),
        "return_code": _("return code {code}"),
        "deadline": _("deadline {time}"),
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
