"""A server on 127.0.0.1 that takes W&B runs, for tests: python loopback_server.py FOLDER [refuse | die=N | port=N]

Prints its port. What it knows of a run is FOLDER/RUN.json after every request, uploaded files are under FOLDER/files.
`refuse` answers every request with 401. `die=N` drops every connection after N uploads of rows, until a line arrives
on standard input; `port=N` asks for that port. It ends when standard input ends, or after two minutes.
"""

import gzip
import http.server
import itertools
import json
import os
import pathlib
import re
import sys
import threading

import yaml

FOLDER = pathlib.Path(sys.argv[1])
MODE = sys.argv[2] if len(sys.argv) > 2 else ""
LOCK = threading.Lock()
RUNS = {}
SWEEP = {"given": 0}
STATE = {"posts_left": int(MODE.split("=")[1]) if MODE.startswith("die=") else None}


def run_of(name):
    return RUNS.setdefault(
        name,
        {"asked": {}, "history": [], "events": [], "output": [], "summary": {}, "files": [], "complete": False,
         "exitcode": None, "resumed": False},
    )


def keep(name):
    path = FOLDER / f"{name}.json"
    new = path.with_suffix(f".{threading.get_ident()}")
    new.write_text(json.dumps(RUNS[name]))
    new.replace(path)


def read_row(line):
    """Numbers that JSON lacks become their names."""
    return json.loads(line, parse_constant=str)


def put(lines, chunk, read=read_row):
    """Lines go where they belong: a repeated upload overwrites, a gap stays visible."""
    end = chunk["offset"] + len(chunk["content"])
    lines.extend([None] * (end - len(lines)))
    lines[chunk["offset"]:end] = [read(line) for line in chunk["content"]]


def stream(name, body):
    run = run_of(name)
    files = body.get("files") or {}
    if "wandb-history.jsonl" in files:
        put(run["history"], files["wandb-history.jsonl"])
    if "wandb-events.jsonl" in files:
        put(run["events"], files["wandb-events.jsonl"])
    if "output.log" in files:
        put(run["output"], files["output.log"], str)
    if "wandb-summary.json" in files:
        run["summary"] = read_row(files["wandb-summary.json"]["content"][-1])
    run["preempting"] = run.get("preempting") or body.get("preempting", False)
    if body.get("complete"):
        run["complete"], run["exitcode"] = True, body.get("exitcode")
    keep(name)


def upsert(asked, entity):
    name = asked["name"]
    is_new = name not in RUNS
    run = run_of(name)
    run["asked"].update({key: value for key, value in asked.items() if value is not None})
    run["complete"] = False
    keep(name)
    bucket = {
        "id": "bucket-" + name, "name": name, "displayName": run["asked"].get("displayName") or name, "description": "",
        "config": run["asked"].get("config") or "{}", "sweepName": run["asked"].get("sweep"), "historyLineCount": 0,
        "project": {"id": "p", "name": run["asked"].get("project") or "uncategorized", "entity": entity},
    }
    return {"upsertBucket": {"bucket": bucket, "inserted": is_new}}


def resume_status(name, project, entity):
    if name not in RUNS:
        return {"model": {"id": "p", "name": project, "entity": entity, "bucket": None}}
    run = run_of(name)
    run["resumed"] = True
    tail = json.dumps([json.dumps(line) for line in run["history"][-1:]])
    bucket = {
        "id": "bucket-" + name, "name": name, "displayName": name, "summaryMetrics": json.dumps(run["summary"]),
        "logLineCount": len(run["output"]), "historyLineCount": len(run["history"]), "historyTail": tail,
        "eventsLineCount": len(run["events"]), "eventsTail": "[]", "config": run["asked"].get("config") or "{}",
        "tags": [], "notes": "", "wandbConfig": '{"t": 1}',
    }
    return {"model": {"id": "p", "name": project, "entity": entity, "bucket": bucket}}


def trials():
    """The grid of the sweep."""
    parameters = yaml.safe_load(SWEEP["config"])["parameters"]
    for values in itertools.product(*(parameter["values"] for parameter in parameters.values())):
        yield {name: {"value": value} for name, value in zip(parameters, values)}


def heartbeat(run_state):
    """One trial after the other, then the end."""
    commands = []
    if not any(json.loads(run_state).values()):
        left = list(trials())[SWEEP["given"]:]
        if left:
            SWEEP["given"] += 1
            trial = f"trial{SWEEP['given']}"
            commands = [{"type": "run", "run_id": trial, "program": "sweep", "args": left[0]}]
        else:
            commands = [{"type": "exit"}]
    return {"agentHeartbeat": {"agent": {"id": "agent"}, "commands": json.dumps(commands)}}


def answer(operation, given, port):
    entity = {"id": "e", "name": given.get("entity") or given.get("entityName") or "me"}
    if operation == "Viewer":
        teams = {"edges": []}
        return {"viewer": {"id": "u", "entity": "me", "username": "me", "email": "", "flags": "{}", "teams": teams}}
    if operation == "ServerFeaturesQuery":
        return {"serverInfo": {"features": []}}
    if operation == "ServerInfo":
        return {"serverInfo": {"cliVersionInfo": {}, "latestLocalVersionInfo": None}}
    if operation == "UpsertBucket":
        return upsert(given, entity)
    if operation == "RunResumeStatus":
        return resume_status(given["name"], given.get("project"), entity)
    if operation == "CreateRunFiles":
        name = given["run"]
        urls = [{"name": file, "uploadUrl": f"http://127.0.0.1:{port}/files/{name}/{file}"} for file in given["files"]]
        return {"createRunFiles": {"runID": "bucket-" + name, "uploadHeaders": [], "files": urls}}
    if operation == "RunStoppedStatus":
        return {"project": {"run": {"stopped": False}}}
    if operation == "OrganizationCoreWeaveOrganizationID":
        return {"entity": {"organization": {"coreWeaveOrganizationId": None}}}
    if operation == "UpsertSweep":
        SWEEP["config"] = given.get("config")
        project = {"id": "p", "name": given.get("projectName") or "dots", "entity": entity}
        return {"upsertSweep": {"sweep": {"name": "sweep1", "project": project}, "configValidationWarnings": []}}
    if operation == "SweepWithRuns":
        nothing = ["createdAt", "heartbeatAt", "updatedAt", "bestLoss", "controller", "scheduler"]
        sweep = {"id": "s", "name": "sweep1", "method": "grid", "state": "RUNNING", "description": "",
                 "config": SWEEP["config"], "earlyStopJobRunning": False, "runs": {"edges": []}}
        return {"project": {"sweep": sweep | dict.fromkeys(nothing)}}
    if operation == "CreateAgent":
        return {"createAgent": {"agent": {"id": "agent"}}}
    if operation == "GetSweepState":
        return {"project": {"sweep": {"state": "RUNNING"}}}
    if operation == "Heartbeat":
        return heartbeat(given["runState"])
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while length := int(self.rfile.readline(), 16):
                body += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def reply(self, content, code=200):
        content = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def is_turned_away(self):
        if MODE == "refuse":
            self.reply({"errors": [{"message": "invalid API key"}]}, 401)
        elif STATE["posts_left"] is not None and STATE["posts_left"] <= 0:
            self.close_connection = True
        else:
            return False
        return True

    def do_GET(self):
        if not self.is_turned_away():
            self.reply({})

    def do_PUT(self):
        body = self.body()
        if self.is_turned_away():
            return
        _, _, name, file = self.path.split("/", 3)
        path = FOLDER / "files" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        with LOCK:
            run_of(name)["files"].append(file)
            keep(name)
        self.reply({})

    def do_POST(self):
        body = self.body()
        if self.is_turned_away():
            return
        with LOCK:
            if self.path.endswith("/file_stream"):
                if STATE["posts_left"] is not None:
                    STATE["posts_left"] -= 1
                stream(self.path.split("/")[-2], json.loads(body))
                return self.reply({"exitcode": None, "limits": {}})
            query = json.loads(body)
            operation = query.get("operationName") or re.search(r"(?:query|mutation)\s+(\w+)", query["query"])[1]
            data = answer(operation, query.get("variables") or {}, self.server.server_port)
        unknown = {"errors": [{"message": "unknown operation " + operation}]}
        self.reply({"data": data} if data is not None else unknown)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


def obey(server):
    for _ in sys.stdin:
        STATE["posts_left"] = None
    server.shutdown()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = int(MODE.split("=")[1]) if MODE.startswith("port=") else 0
    served = Server(("127.0.0.1", port), Handler)
    print(served.server_port, flush=True)
    threading.Thread(target=obey, args=[served], daemon=True).start()
    timer = threading.Timer(120, lambda: os._exit(1))
    timer.daemon = True
    timer.start()
    served.serve_forever()
