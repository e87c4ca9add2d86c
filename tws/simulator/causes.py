"""Why simulated jobs fail, in the words a job log would use.

`{…}` are filled from the job: its name, user, workstation, the run's own number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    key: str
    return_code: int
    lines: tuple[str, ...]
    weight: int = 10
    starts: bool = True  # False: the job could not be started (FAIL)


CAUSES: tuple[Cause, ...] = (
    Cause(
        "file_not_found",
        2,
        (
            "ERROR opening /dados/{user}/entrada/{lower}.csv: No such file or directory",
            "FATAL the input file of {name} was not found; nothing was processed",
        ),
        18,
    ),
    Cause(
        "database_refused",
        8,
        (
            "ERROR connecting to jdbc:oracle:thin:@//db-{user}.empresa.com.br:1521/{upper}",
            "ORA-12514: TNS:listener does not currently know of service requested",
            "FATAL database connection refused after 3 attempts",
        ),
        16,
    ),
    Cause(
        "disk_full",
        28,
        (
            "ERROR writing /dados/{user}/trabalho/{lower}.tmp: No space left on device",
            "df: /dados 100% used",
            "FATAL write failed, file system full",
        ),
        10,
    ),
    Cause(
        "permission",
        126,
        (
            "/opt/{user}/bin/{lower}.sh: /dados/{user}/saida: Permission denied",
            "FATAL user {user} may not write to /dados/{user}/saida on {workstation}",
        ),
        8,
    ),
    Cause(
        "timeout",
        124,
        (
            "WARN no answer from servico-{user}.empresa.com.br for 300 s",
            "ERROR java.net.SocketTimeoutException: Read timed out",
            "FATAL timeout waiting for the remote service",
        ),
        14,
    ),
    Cause(
        "bad_return_code",
        12,
        (
            "ERROR step 4 of {name} ended with return code 12",
            "ERROR 37 rejected records, the limit is 0",
            "FATAL validation failed, see /dados/{user}/rejeitados/{lower}.txt",
        ),
        14,
    ),
    Cause(
        "out_of_memory",
        137,
        (
            "java.lang.OutOfMemoryError: Java heap space",
            "FATAL process killed by the operating system (signal 9)",
        ),
        6,
    ),
    Cause(
        "deadlock",
        60,
        (
            "ORA-00060: deadlock detected while waiting for resource",
            "ERROR transaction rolled back",
            "FATAL {name} gave up after the deadlock",
        ),
        6,
    ),
    Cause(
        "user_not_found",
        -1,
        (
            "ERROR the user {user} does not exist on {workstation}",
            "FATAL the job could not be started",
        ),
        4,
        starts=False,
    ),
)

# Only where the workstation really lost its link while the job ran.
AGENT_UNLINKED = Cause(
    "agent_unlinked",
    -1,
    (
        "ERROR connection with the agent {workstation} was lost",
        "FATAL the agent is unlinked, the outcome of the job is unknown and is set to ABEND",
    ),
)
