/* union_city.h — a union over two halves that are fakes and note each question.
 *
 * Each half has a few entities of one kind, "<letter>0", "<letter>1", …, and finds or knows an id
 * when it is told to. Must never judge: tests look at what was noted.
 *
 * Layer: tests. Thread-safe: single-owner. */
#ifndef MUSUBI_UNION_CITY_H
#define MUSUBI_UNION_CITY_H

#include "check.h"
#include "entity_order.h"
#include "filter.h"
#include "union.h"

#define ENTITIES_MAX 8

/* A half with a few entities of one kind: ids "<letter>0", "<letter>1", … */
typedef struct FakeHalf {
    Broker broker;
    char letter;
    int64_t size;
    Error failure; /* of every call, when failed */
    bool has_one;  /* what `get` finds and `knows` knows */
    int queries;
    int gets;
    int writes; /* entities, in all batches */
    EntityQuery last_query;
} FakeHalf;

typedef struct Fixture {
    Arena *arena;
    TypeRegistry *registry;
    FakeHalf open_half;
    FakeHalf personal_half;
    Broker *both;
    BrokerCall call;
    Principal principal;
} Fixture;

/* For cmocka: *state is the Fixture, who asks is kenko with the purpose health-promotion. */
int union_city_setup(void **state);
int union_city_teardown(void **state);

/* Who asks from now on. */
void become(Fixture *fixture, ActorKind kind, const char *purpose);
/* "a,b" as a list in the arena; "" is an empty list. */
StrList list_of(Fixture *fixture, const char *text);
/* One selector; a page of 20. */
EntityQuery query_of(Fixture *fixture, const char *types, const char *ids);
/* Asks the union. */
Error ask(Fixture *fixture, const EntityQuery *query, EntityPage *ret_page) MUST_USE;

#define P ACTOR_SERVICE, "health-promotion"
#define N ACTOR_SERVICE, ""
#define A ACTOR_ANONYMOUS, ""

#endif
