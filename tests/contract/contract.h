/* contract.h — the store contract as cases: each does something through the port and writes down
 * what it saw.
 *
 * The text must be the same on both adapters, byte for byte: the runner compares it with one
 * expected file. What may differ between runs (who of two threads won) is left out, and checked
 * with contract_check instead.
 *
 * Layer: tests/contract. Thread-safe: a Contract belongs to the thread that runs the case. */
#ifndef MUSUBI_CONTRACT_H
#define MUSUBI_CONTRACT_H

#include <stdio.h>

#include "contract_store.h"

typedef struct Contract {
    const char *kind;
    const char *name;
    Store *store;
    Arena *arena; /* of the case */
    FILE *out;    /* the transcript */
} Contract;

typedef struct ContractCase {
    const char *name;
    void (*run)(Contract *contract);
} ContractCase;

/* The cases of each file; each table ends with a NULL name. */
extern const ContractCase CASES_COMMIT[];
extern const ContractCase CASES_FIND[];
extern const ContractCase CASES_LIMIT[];
extern const ContractCase CASES_SNAPSHOT[];
extern const ContractCase CASES_TOGETHER[];

void contract_say(Contract *contract, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A line that says whether it holds; expected files hold only "yes". */
void contract_check(Contract *contract, bool holds, const char *what);
/* "what: OK" or "what: REASON". */
void contract_result(Contract *contract, const char *what, Error error);
/* Commits and writes down the result with the index of the refused operation. */
void contract_commit(Contract *contract, const char *what, const StoreBatch *batch);
/* key, version and body (in hex, or its length and sum when long) of a document. */
void contract_doc(Contract *contract, const StoreDoc *doc);
/* All documents of a collection in key order. */
void contract_dump(Contract *contract, StoreCollection collection);
StoreBatch *contract_batch(Contract *contract);
/* Commits one insert and expects it to work. */
void contract_insert(Contract *contract, StoreCollection collection, const char *key, DocBody body);

#endif
