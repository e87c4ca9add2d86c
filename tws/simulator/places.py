"""The plan's workstations and resources as HWA writes them."""

from __future__ import annotations

from tws.simulator.catalogue import Resource, Workstation
from tws.simulator.identifiers import Kind, make_id
from tws.simulator.keys import Keys, Record, instant
from tws.simulator.plan import Plan


class Places:
    def __init__(self, plan: Plan, keys: Keys) -> None:
        self.plan = plan
        self.keys = keys

    def workstation(self, workstation: Workstation) -> Record:
        plan, index = self.plan, workstation.index
        linked = plan.conditions.is_linked(index, plan.now)
        states = ["LINKED", "INSTALLED_AND_RUNNING", "WRITER_UP"] if linked else ["INSTALLED"]
        if plan.conditions.jobman_is_up(index, plan.now):
            states.append("JOBMAN_UP")
        if workstation.type == "MANAGER":
            states += ["MASTER", "EVT_PROC_RUNNING"]
        return {
            "id": self.keys.object_id(Kind.WORKSTATION, index),
            "planId": "current",
            "folder": "/",
            "name": workstation.name,
            "key": self.keys.workstation_key(index),
            "description": workstation.description,
            "activeStates": states,
            "activeFlags": ["AUTO_LINK", "TCP_IP_LINK"],
            "type": workstation.type,
            "hostType": "MASTER" if workstation.type == "MANAGER" else "WORKSTATION",
            "os": workstation.os,
            "timeZone": workstation.zone,
            "nodeName": f"{workstation.name.lower().replace('_', '-')}.empresa.com.br",
            "tcpPort": 31111,
            "domainName": workstation.domain,
            "limit": workstation.limit if plan.conditions.runs_jobs(index, plan.now) else 0,
            "fence": plan.conditions.fence(index, plan.now),
            "agentId": make_id(Kind.WORKSTATION, index, seed=self.keys.seed + 1)
            .replace("-", "")
            .upper(),
            "version": "10.2.8.00",
            "timeStarted": instant(plan.conditions.linked_since(index, plan.now)),
            "ignore": False,
            "archived": False,
        }

    def resource(self, resource: Resource) -> Record:
        holders = self.plan.holders(resource.index)
        free = resource.quantity - len(holders)
        return {
            "id": self.keys.object_id(Kind.RESOURCE, resource.index),
            "folder": "/",
            "name": resource.name,
            "key": f"{self.keys.workstation_key(resource.workstation)}#/{resource.name}",
            "workstationId": self.keys.object_id(Kind.WORKSTATION, resource.workstation),
            "workstation": self.keys.workstation_key(resource.workstation),
            "quantity": resource.quantity,
            "quantityAvailable": free,
            "quantityInUse": len(holders),
            "description": resource.description,
            "status": "AVAILABLE" if free else "NOT_AVAILABLE",
            "holders": [
                {
                    "jobStreamId": self.keys.stream_id(half, half.stream_of[hold.row]),
                    "jobStream": half.stream_of[hold.row].name,
                    "jobId": self.keys.job_id(half, hold.row),
                    "job": half.job(hold.row).name,
                    "jobKey": f"{self.keys.stream_key(half, half.stream_of[hold.row])}"
                    f".{half.job(hold.row).name}",
                    "quantity": 1,
                    "shared": True,
                }
                for half, hold in holders
            ],
            "archived": False,
        }
