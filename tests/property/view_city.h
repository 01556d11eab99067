/* view_city.h — a small random city twice: as a vault with grants, and as the plain broker that
 * holds exactly what one service may see of it.
 *
 * The model knows every attribute of every citizen and what was granted; from it the vault is
 * filled around the gate, and the reference (the embedded broker with every type open) with the
 * view alone, in view order. Who looks is always the service kenko with the purpose
 * health-promotion. Must never ask the gate what the view is: that is what is tested.
 *
 * Layer: tests. Thread-safe: single-owner. */
#ifndef MUSUBI_VIEW_CITY_H
#define MUSUBI_VIEW_CITY_H

#include "api_surface.h"
#include "test_vault.h"

#define VIEW_CLIENT "kenko"
#define VIEW_TENANT STR_EMPTY
#define VIEW_CITIZENS_MAX 12
#define VIEW_ENTITIES_MAX 64
#define VIEW_NAMES_MAX 8
#define VIEW_TYPES 3

/* What the generator knows of a personal type: names that can be granted, and one that can't. */
typedef struct ViewType {
    const char *name;
    const char *attributes[VIEW_NAMES_MAX];
    size_t attribute_count;
    const char *ungrantable;
    bool is_writable; /* the purpose allows writing */
} ViewType;

/* In the registry's order: HealthActivity, Person, PointAccount. */
extern const ViewType VIEW_TYPE_TABLE[VIEW_TYPES];

typedef struct ViewCitizen {
    TestCitizen citizen;
    bool is_linked;
    char user_id[24]; /* at kenko */
    /* Bits over the type's attributes; bit VIEW_NAMES_MAX is the ungrantable one. */
    unsigned reads[VIEW_TYPES];
    unsigned writes[VIEW_TYPES];
    unsigned row_order[VIEW_TYPES]; /* 0: no row */
} ViewCitizen;

typedef struct ViewEntity {
    size_t citizen;
    size_t type;
    Str seen_id;    /* as kenko knows it */
    Str written_id; /* as its writer wrote it; "" for Person */
    Str writer;
    Attribute attributes[VIEW_NAMES_MAX + 1]; /* name.n == 0: not stored */
} ViewEntity;

typedef struct ViewCity {
    TestVault vault;
    uint64_t random;
    ViewCitizen citizens[VIEW_CITIZENS_MAX];
    size_t citizen_count;
    ViewEntity entities[VIEW_ENTITIES_MAX];
    size_t entity_count;
    unsigned rows_given;
    /* Musubi as it answers. */
    Broker *open_half;
    Broker *personal_half;
    Broker *both;
    Api musubi;
    Str bearer; /* "Bearer …" of kenko */
    /* The plain broker with the view. */
    Store *plain_store;
    VaultCore plain_core;
    Broker *plain_half;
    Api plain;
} ViewCity;

/* Fills both worlds at random. */
void view_city_open(ViewCity *city, uint64_t seed);
void view_city_close(ViewCity *city);

/* Random below n. */
size_t view_pick(ViewCity *city, size_t n);
bool view_chance(ViewCity *city, unsigned percent);

/* Changes and adds what kenko can't see: values, attributes, entities, citizens, others' grants. */
void view_city_change_hidden(ViewCity *city);

/* The type's index by name, or VIEW_TYPES. */
size_t view_type_index(Str name);
/* The attribute's bit; 0 for a name that the table lacks. */
unsigned view_bit(size_t type, Str attribute);
/* Whose entity it is, by kenko's id and type: VIEW_CITIZENS_MAX when the model knows none. */
size_t view_owner(const ViewCity *city, size_t type, Str seen_id);
/* Whether kenko may see the attribute (by its place in the table), stored or not. */
bool view_is_granted(const ViewCity *city, const ViewEntity *entity, size_t at);
/* The reference, with the view that the model has now. */
void view_plain_open(ViewCity *city);
void view_plain_close(ViewCity *city);
/* What a plain broker can't know, done to it after a write: entities without attributes are absent
 * from a view, and what was added stands in view order. Owners of added entities are asked from the
 * model. */
void view_plain_settle(ViewCity *city);
/* Remembers an entity that kenko created: it belongs to a citizen and kenko knows it by its id. */
void view_city_remember(ViewCity *city, size_t citizen, size_t type, Str id);

#endif
