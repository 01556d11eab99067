/* gate_words.h — the words in which tests ask the vault: who gives what, conditions, orders, and
 * what the log says of it.
 *
 * Must never be linked outside tests.
 *
 * Layer: tests. Thread-safe: single-owner. */
#ifndef MUSUBI_GATE_WORDS_H
#define MUSUBI_GATE_WORDS_H

#include "entity_order.h"
#include "filter.h"
#include "geo.h"
#include "pattern.h"
#include "test_vault.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE

/* Citizen number n, known to kenko as k-n and to neppi-pay as p-n, with these attributes. */
TestCitizen citizen(TestVault *vault, int n, const char *attributes);
/* One who gives kenko these attributes of the Person to read. */
TestCitizen giver(TestVault *vault, int n, const char *attributes, const char *given);
/* One whose cityAndCounty kenko may use so, and fills with a place (JSON). */
TestCitizen placed(TestVault *vault, int n, const char *place, const char *operations);

/* One condition; text NULL: a test that needs no value. In the vault's arena, as all below. */
const Filter *term(TestVault *vault, const char *attribute, FilterTest test, const char *text);
Pattern *pattern(TestVault *vault, const char *text);
const EntityOrder *by(TestVault *vault, EntityOrderKind kind, const char *attribute,
                      bool is_descending);
/* Persons, a page of 20. */
EntityQuery person_query(void);

/* The newest scan of a client: "WHY query | names". */
const char *last_scan(TestVault *vault, const char *client);

#endif
