/* What a snapshot shows: the store as it was when it was opened, whatever is committed later. */
#include "contract.h"

static void say_view(Contract *contract, StoreSnapshot *view, const char *what)
{
    static const Str KEYS[] = {STR_INIT("kept"), STR_INIT("changed"), STR_INIT("deleted"),
                               STR_INIT("later")};
    StoreDoc docs[4];
    StoreFind find = {
        .collection = STORE_GRANTS, .index = "by_subject", .equal_count = 1, .limit = 10};
    find.equal[0] = STORE_TEXT(STR("s"));
    StoreDoc *found = NULL;
    size_t count = 0;
    int64_t counted = 0;
    contract_say(contract, "%s\n", what);
    MUST(store_get_many(view, contract->arena, STORE_GRANTS, KEYS, 4, docs));
    for (size_t i = 0; i < 4; i++) {
        contract_doc(contract, &docs[i]);
    }
    MUST(store_find(view, contract->arena, &find, &found, &count));
    MUST(store_count(view, &find, &counted));
    contract_say(contract, "  found %zu, counted %d:", count, (int)counted);
    for (size_t i = 0; i < count; i++) {
        contract_say(contract, " %.*s", STR_FORMAT(found[i].key));
    }
    contract_say(contract, "\n");
}

static StoreSnapshot *view_open(Contract *contract)
{
    StoreSnapshot *view = NULL;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &view));
    return view;
}

static DocBody grant(Contract *contract, int64_t n)
{
    return contract_body_text(contract->arena, "s", "s", n);
}

static void commits_after_opening(Contract *contract)
{
    contract_insert(contract, STORE_GRANTS, "kept", grant(contract, 1));
    contract_insert(contract, STORE_GRANTS, "changed", grant(contract, 2));
    contract_insert(contract, STORE_GRANTS, "deleted", grant(contract, 3));
    StoreSnapshot *before = view_open(contract); /* reads nothing before the commit */
    StoreBatch *batch = contract_batch(contract);
    store_batch_replace(batch, STORE_GRANTS, STR("changed"), 1, grant(contract, 0));
    store_batch_delete(batch, STORE_GRANTS, STR("deleted"), 1);
    store_batch_insert(batch, STORE_GRANTS, STR("later"), grant(contract, 4));
    contract_commit(contract, "commit with a view open", batch);
    StoreSnapshot *after = view_open(contract);
    say_view(contract, before, "opened before");
    say_view(contract, after, "opened after");
    say_view(contract, before, "opened before, again");
    (void)store_snapshot_close(before);
    (void)store_snapshot_close(after);
}

/* A view that spans a series of commits sees none of them, in no collection. */
static void many_commits(Contract *contract)
{
    char key[32];
    StoreSnapshot *view = view_open(contract);
    for (int i = 0; i < 30; i++) {
        (void)snprintf(key, sizeof key, "k%02d", i);
        contract_insert(contract, i % 2 == 0 ? STORE_KEYS : STORE_LINKS, key,
                        contract_body_text(contract->arena, "s", "s", i));
    }
    for (unsigned c = 0; c < STORE_COLLECTION_COUNT_; c++) {
        StoreFind find = {.collection = (StoreCollection)c};
        int64_t count = 0;
        MUST(store_count(view, &find, &count));
        contract_check(contract, c == STORE_COMMITS || count == 0, "nothing seen");
    }
    (void)store_snapshot_close(view);
}

/* A refused batch leaves nothing that a later view could see. */
static void refused_commit_is_unseen(Contract *contract)
{
    contract_insert(contract, STORE_GRANTS, "kept", grant(contract, 1));
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert(batch, STORE_GRANTS, STR("later"), grant(contract, 4));
    store_batch_replace(batch, STORE_GRANTS, STR("kept"), 2, grant(contract, 5));
    contract_commit(contract, "refused", batch);
    StoreSnapshot *view = view_open(contract);
    say_view(contract, view, "after it");
    (void)store_snapshot_close(view);
}

static void reopening_keeps_all(Contract *contract)
{
    contract_insert(contract, STORE_GRANTS, "kept", grant(contract, 1));
    contract_insert(contract, STORE_GRANTS, "deleted", grant(contract, 2));
    StoreBatch *batch = contract_batch(contract);
    store_batch_delete(batch, STORE_GRANTS, STR("deleted"), 1);
    store_batch_replace(batch, STORE_GRANTS, STR("kept"), 1, grant(contract, 3));
    contract_commit(contract, "commit", batch);
    contract->store = store_close(contract->store);
    contract->store = contract_reopen(contract->kind, contract->name);
    StoreSnapshot *view = view_open(contract);
    say_view(contract, view, "reopened");
    (void)store_snapshot_close(view);
    contract_check(contract,
                   str_eq(str_from(store_kind(contract->store)), str_from(contract->kind)), "kind");
}

const ContractCase CASES_SNAPSHOT[] = {
    {"commits after a view was opened", commits_after_opening},
    {"a view over many commits", many_commits},
    {"a refused commit is unseen", refused_commit_is_unseen},
    {"reopening keeps all", reopening_keeps_all},
    {NULL, NULL},
};
