/* demo_plan.h — what becomes of one invented citizen: which services know them, and what they allow
 * each.
 *
 * Must never draw from anything but the citizen's own stream, so that citizen 7 is the same in a
 * city of 10 and of 42,000.
 *
 * Layer: vault/tool. Thread-safe: pure. */
#ifndef MUSUBI_DEMO_PLAN_H
#define MUSUBI_DEMO_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "demo_people.h"

typedef enum DemoService {
    DEMO_LINE_PORTAL,
    DEMO_KENKO,
    DEMO_NEPPI_PAY,
    DEMO_SDGS,
    DEMO_TOURIST_PASSPORT,
    DEMO_SERVICE_COUNT_
} DemoService;

typedef struct DemoServiceFacts {
    Str client_id;
    Str name_ja;
    Str purpose;
    const char *user_prefix; /* of its own user ids */
} DemoServiceFacts;

/* How a citizen stands to a service. */
typedef enum DemoConsent {
    DEMO_CONSENT_NONE,
    DEMO_CONSENT_FULL,    /* all that the purpose may ask for */
    DEMO_CONSENT_PARTIAL, /* every other attribute of it */
    DEMO_CONSENT_WITHDRAWN,
    DEMO_CONSENT_EXPIRED,
} DemoConsent;

#define DEMO_USER_ID_BYTES 48
#define DEMO_ACTIVITIES_MAX 3

typedef struct DemoPlan {
    int64_t number;
    bool is_linked[DEMO_SERVICE_COUNT_];
    char user_id[DEMO_SERVICE_COUNT_][DEMO_USER_ID_BYTES];
    DemoConsent consent[DEMO_SERVICE_COUNT_];
    uint32_t activity_count; /* days of steps that kenko wrote */
    DemoRandom random;       /* goes on from here for names and values */
} DemoPlan;

/* Ids, names and purpose of a service. Static. */
const DemoServiceFacts *demo_service(DemoService service);
/* The plan of citizen `number`. consenting as in DemoOptions. Citizen 0 knows all services and
 * allows kenko and neppi-pay everything. */
DemoPlan demo_plan_for(uint64_t seed, int64_t number, int64_t consenting);

#endif
