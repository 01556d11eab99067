#include "demo_plan.h"

#include <stdio.h>

static const DemoServiceFacts SERVICES[] = {
    [DEMO_LINE_PORTAL] = {STR_INIT("line-portal"), STR_INIT("市民ポータル（公式LINE）"),
                          STR_INIT("segment-delivery"), "U"},
    [DEMO_KENKO] = {STR_INIT("kenko"), STR_INIT("健幸アプリ"), STR_INIT("health-promotion"),
                    "walker-"},
    [DEMO_NEPPI_PAY] = {STR_INIT("neppi-pay"), STR_INIT("ねっぴ～Pay"), STR_INIT("point-exchange"),
                        "np"},
    [DEMO_SDGS] = {STR_INIT("sdgs"), STR_INIT("SDGsサイト"), STR_INIT("sdgs-activity"), "member"},
    [DEMO_TOURIST_PASSPORT] = {STR_INIT("tourist-passport"), STR_INIT("観光パスポート"),
                               STR_INIT("tourism"), "sora-"},
};

_Static_assert(sizeof SERVICES / sizeof SERVICES[0] == DEMO_SERVICE_COUNT_,
               "facts for each service");

const DemoServiceFacts *demo_service(DemoService service)
{
    return &SERVICES[service];
}

static DemoConsent draw_consent(DemoRandom *random)
{
    uint32_t percent = demo_random_below(random, 100);
    if (percent < 40) {
        return DEMO_CONSENT_FULL;
    }
    if (percent < 65) {
        return DEMO_CONSENT_PARTIAL;
    }
    if (percent < 80) {
        return DEMO_CONSENT_NONE;
    }
    return percent < 90 ? DEMO_CONSENT_WITHDRAWN : DEMO_CONSENT_EXPIRED;
}

static void draw_service(DemoPlan *plan, DemoService service, int64_t consenting)
{
    uint32_t high = demo_random_below(&plan->random, UINT32_MAX);
    uint32_t low = demo_random_below(&plan->random, UINT32_MAX);
    (void)snprintf(plan->user_id[service], DEMO_USER_ID_BYTES, "%s%08x%08x",
                   SERVICES[service].user_prefix, high, low);
    bool is_drawn = demo_random_below(&plan->random, 100) < 60;
    DemoConsent consent = draw_consent(&plan->random);
    plan->is_linked[service] = service == DEMO_LINE_PORTAL || plan->number == 0 || is_drawn;
    if (consenting >= 0) {
        plan->is_linked[service] = service == DEMO_LINE_PORTAL || service == DEMO_KENKO;
        consent = plan->number < consenting ? DEMO_CONSENT_FULL : DEMO_CONSENT_NONE;
    } else if (plan->number == 0) {
        bool is_whole = service == DEMO_KENKO || service == DEMO_NEPPI_PAY;
        consent = is_whole ? DEMO_CONSENT_FULL : DEMO_CONSENT_PARTIAL;
    }
    plan->consent[service] = plan->is_linked[service] ? consent : DEMO_CONSENT_NONE;
}

DemoPlan demo_plan_for(uint64_t seed, int64_t number, int64_t consenting)
{
    DemoPlan plan = {.number = number, .random = demo_random_for(seed, (uint64_t)number)};
    for (unsigned service = 0; service < DEMO_SERVICE_COUNT_; service++) {
        draw_service(&plan, (DemoService)service, consenting);
    }
    plan.activity_count =
        plan.is_linked[DEMO_KENKO] ? demo_random_below(&plan.random, DEMO_ACTIVITIES_MAX + 1) : 0;
    return plan;
}
