"""A demo city with two nodes on one store: one keeps its open data in an upstream broker behind a recording proxy, the
other in the own store. Both are given the same open data, so that every answer of the two can be compared.
"""
import argparse
import contextlib
import os
import pathlib
import tempfile

import client
from client import city

BUILD = pathlib.Path(os.environ.get("MUSUBI_BUILD", client.ROOT / "build" / "asan" / "bin"))


class UpstreamCity:
    """`front` asks the upstream, `own` has all in its store; `proxy` stands before the upstream."""

    def __init__(self, run, front, own, proxy):
        self.run, self.front, self.own, self.proxy = run, front, own, proxy
        self.tokens = {}

    def token(self, service, purpose):
        key = (service, purpose)
        if key not in self.tokens:
            self.tokens[key] = city.fetch_token(self.run, self.front.url, service, purpose)
        return self.tokens[key]

    def clients(self, service=None, purpose=None):
        """The same caller at both nodes: with a token of the service, or nobody in particular."""
        token = self.token(service, purpose) if service else None
        return client.Client(self.front.url, token), client.Client(self.own.url, token)

    def citizens(self):
        os.environ["MUSUBI_RUN"] = str(self.run)
        return client.truth()["citizens"]

    def publish(self, entities):
        """Each entity at both nodes, as a service sends it. Returns the statuses that were not 201."""
        refused = []
        for each in self.clients("sdgs"):
            for entity in entities:
                answer = each.post("/v2/entities", entity)
                refused += [] if answer.status == 201 else [answer]
        return refused


@contextlib.contextmanager
def upstream_city(citizens):
    with tempfile.TemporaryDirectory(prefix="musubi-upstream-") as folder:
        run = pathlib.Path(folder)
        options = argparse.Namespace(store="sqlite", open=False, citizens=citizens, consenting=None, seed=7,
                                     orion="embedded")
        with city.orion(run, BUILD, options) as (flags, proxy):
            city.create_city(run, BUILD, options)
            nodes = []
            try:
                nodes.append(city.Node(run, BUILD, "front", extra=flags))
                nodes.append(city.Node(run, BUILD, "own"))
                yield UpstreamCity(run, nodes[0], nodes[1], proxy)
            finally:
                for node in nodes:
                    node.stop()
