"""Reads a .wandb log with W&B's own classes and prints a JSON object per record: python read_log.py LOG"""

import json
import struct
import sys
import zlib

from google.protobuf.json_format import MessageToDict
from wandb.proto import wandb_internal_pb2 as pb

BLOCK = 32 * 1024


def records(data):
    magic, number, version = struct.unpack_from("<4sHB", data)
    assert (magic, number, version) == (b":W&B", 0xBEE1, 0), data[:7]
    at, record = 7, b""
    while at < len(data):
        left = BLOCK - at % BLOCK
        if left < 7:
            assert not any(data[at:at + left]), "what is left of a block must be zeros"
            at += left
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, at)
        payload = data[at + 7:at + 7 + length]
        assert zlib.crc32(bytes([kind]) + payload) == checksum, f"checksum at byte {at}"
        at += 7 + length
        record += payload
        if kind in (1, 4):
            yield record
            record = b""


for raw in records(open(sys.argv[1], "rb").read()):
    record = pb.Record.FromString(raw)
    record.DiscardUnknownFields()
    assert record.ByteSize() == len(raw), f"record {record.num} has fields that W&B does not know"
    kind = record.WhichOneof("record_type")
    content = MessageToDict(getattr(record, kind), preserving_proto_field_name=True)
    print(json.dumps({"num": record.num, "kind": kind, "content": content}))
