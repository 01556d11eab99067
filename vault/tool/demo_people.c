#include "demo_people.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct DemoName {
    const char *kanji;
    const char *kana;
    const char *latin;
} DemoName;

static const DemoName FAMILY_NAMES[] = {
    {"青山", "アオヤマ", "AOYAMA"},
    {"石部", "イシベ", "ISHIBE"},
    {"上野原", "ウエノハラ", "UENOHARA"},
    {"江川", "エガワ", "EGAWA"},
    {"大淵", "オオフチ", "OFUCHI"},
    {"加古", "カコ", "KAKO"},
    {"北条田", "ホウジョウダ", "HOJODA"},
    {"九会川", "クエガワ", "KUEGAWA"},
    {"髙瀬", "タカセ", "TAKASE"},
    {"古坂", "コサカ", "KOSAKA"},
    {"笹倉", "ササクラ", "SASAKURA"},
    {"下里", "シモサト", "SHIMOSATO"},
    {"富合", "トミアイ", "TOMIAI"},
    {"鶉野", "ウズラノ", "UZURANO"},
    {"西笠原", "ニシカサハラ", "NISHIKASAHARA"},
    {"野条", "ノジョウ", "NOJO"},
    {"畑中", "ハタナカ", "HATANAKA"},
    {"東剣坂", "ヒガシケンザカ", "HIGASHIKENZAKA"},
    {"三口", "ミクチ", "MIKUCHI"},
    {"山﨑", "ヤマサキ", "YAMASAKI"},
    {"和泉", "イズミ", "IZUMI"},
};

static const DemoName GIVEN_NAMES[] = {
    {"明里", "アカリ", "AKARI"},    {"樹", "イツキ", "ITSUKI"},
    {"詩織", "シオリ", "SHIORI"},   {"栄太", "エイタ", "EITA"},
    {"香澄", "カスミ", "KASUMI"},   {"健二", "ケンジ", "KENJI"},
    {"早苗", "サナエ", "SANAE"},    {"俊介", "シュンスケ", "SHUNSUKE"},
    {"千夏", "チナツ", "CHINATSU"}, {"徹", "トオル", "TORU"},
    {"菜々子", "ナナコ", "NANAKO"}, {"信夫", "ノブオ", "NOBUO"},
    {"陽菜", "ヒナ", "HINA"},       {"文雄", "フミオ", "FUMIO"},
    {"真由", "マユ", "MAYU"},       {"光男", "ミツオ", "MITSUO"},
};

static const char *const TOWNS[] = {"北条町北条", "北条町横尾", "中野町", "殿原町",
                                    "鶉野町",     "下宮木町",   "網引町", "別所町",
                                    "山下町",     "和泉町",     "豊倉町", "繁昌町"};

#define COUNT_OF(array_) ((uint32_t)(sizeof(array_) / sizeof((array_)[0])))
#define PERSON_ATTRIBUTES 28

DemoRandom demo_random_for(uint64_t seed, uint64_t citizen)
{
    DemoRandom random = {.state = seed * 0x9E3779B97F4A7C15u + citizen * 0xD1B54A32D192ED03u + 1};
    (void)demo_random_below(&random, 2); /* the first draws of neighbouring seeds look alike */
    return random;
}

uint32_t demo_random_below(DemoRandom *random, uint32_t below)
{
    random->state += 0x9E3779B97F4A7C15u;
    uint64_t z = random->state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (uint32_t)(((z >> 32) * below) >> 32);
}

Error demo_json_text(Arena *arena, Str text, Str *ret_json)
{
    const Str parts[] = {STR("\""), text, STR("\"")};
    return str_join_in(arena, parts, 3, ret_json);
}

/* The attributes as they are collected; the first failure sticks, as in a Buf. */
typedef struct PersonDraft {
    Arena *arena;
    Attribute *attributes;
    size_t count;
    int64_t now_us;
    Error failure;
} PersonDraft;

__attribute__((format(printf, 4, 5))) static void
draft_add(PersonDraft *draft, const char *name, const char *type, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (FAILED(draft->failure)) {
        return;
    }
    Str value = STR_EMPTY;
    draft->failure = demo_json_text(draft->arena, str_bytes(text, n > 0 ? (size_t)n : 0), &value);
    draft->attributes[draft->count++] = (Attribute){.name = str_from(name),
                                                    .type = str_from(type),
                                                    .value = value,
                                                    .writer = STR("line-portal"),
                                                    .created_us = draft->now_us,
                                                    .modified_us = draft->now_us};
}

static void draft_names(PersonDraft *draft, DemoRandom *random)
{
    const DemoName *family = &FAMILY_NAMES[demo_random_below(random, COUNT_OF(FAMILY_NAMES))];
    const DemoName *given = &GIVEN_NAMES[demo_random_below(random, COUNT_OF(GIVEN_NAMES))];
    draft_add(draft, "familyName", "Text", "%s", family->kanji);
    draft_add(draft, "givenName", "Text", "%s", given->kanji);
    draft_add(draft, "familyNameKana", "Text", "%s", family->kana);
    draft_add(draft, "givenNameKana", "Text", "%s", given->kana);
    draft_add(draft, "familyNameEn", "Text", "%s", family->latin);
    draft_add(draft, "givenNameEn", "Text", "%s", given->latin);
    draft_add(draft, "fullName", "Text", "%s　%s", family->kanji, given->kanji);
    draft_add(draft, "fullNameKana", "Text", "%s　%s", family->kana, given->kana);
    draft_add(draft, "fullNameEn", "Text", "%s %s", given->latin, family->latin);
}

static void draft_address(PersonDraft *draft, DemoRandom *random)
{
    const char *town = TOWNS[demo_random_below(random, COUNT_OF(TOWNS))];
    uint32_t block = 9001 + demo_random_below(random, 900);
    uint32_t house = 1 + demo_random_below(random, 40);
    draft_add(draft, "localGovernmentCode", "Text", "282201");
    draft_add(draft, "fullAddress", "Text", "兵庫県加西市%s%u番地の%u", town, block, house);
    draft_add(draft, "streetAddressId", "Text", "%07u", 9000000 + block);
    draft_add(draft, "prefecture", "Text", "兵庫県");
    draft_add(draft, "cityAndCounty", "Text", "加西市");
    draft_add(draft, "streetAddress", "Text", "%s", town);
    draft_add(draft, "cityBlock", "Text", "%u番地の%u", block, house);
    draft_add(draft, "buildingNameEtc", "Text", "架空荘%u号室", 101 + demo_random_below(random, 8));
    draft_add(draft, "postalCode", "Text", "675-9%03u", demo_random_below(random, 1000));
}

Error demo_person_in(Arena *arena, DemoRandom *random, uint64_t citizen, int64_t now_us,
                     Attribute **ret_attributes, size_t *ret_count)
{
    PersonDraft draft = {.arena = arena, .now_us = now_us};
    draft.attributes = ARENA_MANY(arena, Attribute, PERSON_ATTRIBUTES);
    ENSURE_ALLOC(draft.attributes, arena);
    draft_names(&draft, random);
    draft_address(&draft, random);
    draft_add(&draft, "idGroup", "Text", "demo-%08llu", (unsigned long long)citizen);
    draft_add(&draft, "nationality", "Text", "日本");
    draft_add(&draft, "sex", "Text", "%u", 1 + demo_random_below(random, 2));
    draft_add(&draft, "dateOfBirth", "Text", "%u-%02u-%02u", 1935 + demo_random_below(random, 75),
              1 + demo_random_below(random, 12), 1 + demo_random_below(random, 28));
    draft_add(&draft, "dateOfDeath", "Text", "%s", "");
    draft_add(&draft, "contactPointPhoneNumber", "Text", "0790-00-%04u",
              demo_random_below(random, 10000));
    draft_add(&draft, "contactPointEmailAddress", "Text", "citizen%llu@example.invalid",
              (unsigned long long)citizen);
    draft_add(&draft, "contactPointUrl", "Text", "https://example.invalid/citizen/%llu",
              (unsigned long long)citizen);
    draft_add(&draft, "contactPointRemarks", "Text", "平日の日中");
    draft_add(&draft, "remarks", "Text", "架空の市民");
    TRY(draft.failure);
    *ret_attributes = draft.attributes;
    *ret_count = draft.count;
    return OK;
}
