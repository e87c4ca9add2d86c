"""
A stand-in for an HWA engine: the REST API v2 over HTTPS, with a plan that lives.

    catalogue.py   what is defined: workstations, resources, job streams and their jobs
    causes.py      why jobs fail, in the words of a job log
    schedule.py    what happens in one half day: every run, wait and failure, decided at once
    plan.py        the plan at a moment: two half days, and each job's state by the clock
    conditions.py  which workstations are unlinked, without jobman, at limit 0 or fenced, and when
    query.py       OQL and plan filters over the plan's columns
    keys.py        ids and keys of all objects
    records.py     jobs and job streams of the plan as HWA writes them; dependencies.py theirs
    places.py      workstations and resources
    definitions.py the model: definitions, their calendars and run cycles
    joblogs.py     job logs, line by line
    app.py         paths, credentials, paging, errors
    messages.py    a request and its reply, between ASGI and the engine
    habits.py      what real sites do otherwise, on demand
    faults.py      latency, errors, dropped connections, on demand
    page.py        the plan for people
    server.py      the certificate and the server

Everything follows from the seed, the number of jobs and the clock: two simulators with the same
three, and the same options, show the same plan. Nothing here is read from a real engine, and the
engine information says so (`capabilities.simulator`).
"""
