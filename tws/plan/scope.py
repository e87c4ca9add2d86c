"""Which part of a plan somebody looks at: an engine's, of one stream, of one area."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tws.plan.models import PlanJob, PlanJobStream, PlanWorkstation
from tws.plan.query.names import like

MOST_NAMES = 200
"""How many names are offered to choose from."""
_BEGINNING = re.compile(r"[A-Za-z-]+_?")


@dataclass(frozen=True, slots=True)
class Scope:
    """`stream`: a name, or a pattern as HWA has them (PAYROLL@). `area`: a folder with what is in
    it (/RH), else what the names of workstations begin with (FTA_)."""

    engine: str
    stream: str = ""
    area: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.stream or self.area)

    @property
    def jobs(self) -> QuerySet[PlanJob]:
        wanted = Q(engine=self.engine)
        if self.stream:
            wanted &= like("stream_name", self.stream.upper())
        if self.area.startswith("/"):
            folder = self.area.rstrip("/")
            wanted &= Q(folder=folder or "/") | Q(folder__startswith=f"{folder}/")
        elif self.area:
            wanted &= like("workstation", self._beginning)
        return PlanJob.objects.filter(wanted).order_by()

    @property
    def workstations(self) -> QuerySet[PlanWorkstation]:
        """Those of the area; of a stream or a folder those that its jobs run on."""
        rows = PlanWorkstation.objects.filter(engine=self.engine)
        if self.stream or self.area.startswith("/"):
            return rows.filter(name__in=self.jobs.values("workstation"))
        return rows.filter(like("name", self._beginning)) if self.area else rows

    @property
    def _beginning(self) -> str:
        return f"{self.area.upper().rstrip('@*')}@"


def areas(engine: str) -> list[str]:
    """The folders of the plan's jobs with those above them; how names of workstations begin, where
    several begin alike."""
    jobs = PlanJob.objects.filter(engine=engine).order_by()
    folders: set[str] = set()
    for folder in jobs.values_list("folder", flat=True).distinct()[:MOST_NAMES]:
        while folder not in ("", "/"):
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    names = PlanWorkstation.objects.filter(engine=engine).values_list("name", flat=True)
    alike = Counter(found[0] for name in names if (found := _BEGINNING.match(name)))
    return [*sorted(folders), *sorted(one for one, count in alike.items() if count > 1)]


def stream_names(engine: str) -> list[str]:
    streams = PlanJobStream.objects.filter(engine=engine).order_by("name")
    return list(streams.values_list("name", flat=True).distinct()[:MOST_NAMES])
