#include <stdio.h>
#include <string.h>

#include "view_asks.h"

/* --- words
 * ---------------------------------------------------------------------------------------- */

#define PICK(city_, table_) (table_)[view_pick((city_), sizeof(table_) / sizeof((table_)[0]))]

static void add(Buf *buf, const char *text)
{
    buf_add(buf, str_from(text));
}

/* Names that are granted to somebody, hidden from everybody, unknown or computed. */
static const char *some_name(ViewCity *city, bool is_dated)
{
    static const char *const odd[] = {"extra",       "prefecture",  "moneyBalance", "nothing",
                                      "servicePath", "dateExpires", "id",           "type"};
    static const char *const dates[] = {"dateCreated", "dateModified"};
    if (is_dated && view_chance(city, 8)) {
        return PICK(city, dates);
    }
    if (view_chance(city, 12)) {
        return PICK(city, odd);
    }
    const ViewType *type = &VIEW_TYPE_TABLE[view_pick(city, VIEW_TYPES)];
    return type->attributes[view_pick(city, type->attribute_count)];
}

static void add_name_list(ViewCity *city, Buf *buf, bool is_dated, bool may_star)
{
    size_t count = 1 + view_pick(city, 3);
    for (size_t i = 0; i < count; i++) {
        add(buf, i == 0 ? "" : ",");
        add(buf, may_star && view_chance(city, 10) ? "*" : some_name(city, is_dated));
    }
}

static Str some_id(ViewCity *city)
{
    static const char *const strange[] = {"nobody",
                                          "urn:ngsi-ld:Person:nobody",
                                          "urn:ngsi-ld:PointAccount:AQAAAAE",
                                          "urn:ngsi-ld:HealthActivity:x",
                                          "acc-1",
                                          "urn:ngsi-ld:Person:np-0"};
    if (city->entity_count == 0 || view_chance(city, 20)) {
        return str_from(PICK(city, strange));
    }
    const ViewEntity *entity = &city->entities[view_pick(city, city->entity_count)];
    bool is_foreign = view_chance(city, 10) && entity->written_id.n > 0;
    return is_foreign ? entity->written_id : entity->seen_id;
}

static const char *some_type(ViewCity *city)
{
    static const char *const odd[] = {"Nothing", "person", "AED2"};
    return view_chance(city, 8) ? PICK(city, odd)
                                : VIEW_TYPE_TABLE[view_pick(city, VIEW_TYPES)].name;
}

static void add_encoded(Buf *buf, Str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == ':' ||
                        c == ',' || c == '/';
        if (is_plain) {
            buf_add_char(buf, (char)c);
        } else {
            const char escape[] = {'%', digits[c >> 4], digits[c & 15]};
            buf_add(buf, str_bytes(escape, sizeof escape));
        }
    }
}

static Str finish(Buf *buf)
{
    Str text;
    assert_ok(buf_finish(buf, &text));
    return text;
}

/* --- parameters
 * ----------------------------------------------------------------------------------- */

static const char *const VALUES[] = {
    "1",
    "2",
    "10",
    "-3",
    "1000",
    "Kita",
    "a",
    "'10'",
    "加西",
    "true",
    "false",
    "null",
    "2026-05-01",
    "2026-05-01T12:30:00.500Z",
    "b",
    "x",
    "2.0",
    "0",
    "1..10",
    "1,2,a",
    "2026-01-01T00:00:00Z..2026-06-01T00:00:00Z",
    "'a','Kita'",
    "10..20",
};

static const char *const OPERATORS[] = {"==", "!=", ">", ">=", "<", "<=", "~=", ":"};

static void add_term(ViewCity *city, Buf *buf, bool is_dated, bool is_metadata)
{
    static const char *const metadata[] = {".accuracy", ".source",  ".at",
                                           ".shape",    ".shape.a", ".none"};
    static const char *const paths[] = {".a", ".b.c", ".'x.y'", ".b", ".coordinates"};
    static const char *const wrong[] = {"==", "a==",  "==1",          ">",  "!",
                                        ";;", "a>>1", "balance>true", "a=1"};
    if (view_chance(city, 3)) {
        add(buf, PICK(city, wrong));
        return;
    }
    bool is_unary = view_chance(city, 30);
    if (is_unary && view_chance(city, 50)) {
        add(buf, "!");
    }
    add(buf, some_name(city, is_dated));
    if (is_metadata) {
        add(buf, PICK(city, metadata));
    } else if (view_chance(city, 15)) {
        add(buf, PICK(city, paths));
    }
    if (!is_unary) {
        add(buf, PICK(city, OPERATORS));
        add(buf, PICK(city, VALUES));
    }
}

static Str some_filter(ViewCity *city, bool is_dated, bool is_metadata)
{
    Buf buf = buf_in(city->vault.arena);
    size_t terms = 1 + view_pick(city, 2);
    for (size_t i = 0; i < terms; i++) {
        add(&buf, i == 0 ? "" : ";");
        add_term(city, &buf, is_dated, is_metadata);
    }
    return finish(&buf);
}

static Str some_order(ViewCity *city, bool is_dated, bool has_place)
{
    Buf buf = buf_in(city->vault.arena);
    size_t items = 1 + view_pick(city, 2);
    for (size_t i = 0; i < items; i++) {
        add(&buf, i == 0 ? "" : ",");
        add(&buf, view_chance(city, 40) ? "!" : "");
        add(&buf, has_place && view_chance(city, 50) ? "geo:distance" : some_name(city, is_dated));
    }
    return finish(&buf);
}

static Str some_pattern(ViewCity *city)
{
    static const char *const patterns[] = {".*",
                                           "^urn:ngsi-ld:Person:u0",
                                           "u1",
                                           "walk",
                                           "^walk-[0-4]$",
                                           "acc",
                                           "Person|Health",
                                           "^Point",
                                           "(a",
                                           "[",
                                           "z$",
                                           "^.{5,60}$",
                                           "NP"};
    return str_from(PICK(city, patterns));
}

typedef struct Params {
    ViewCity *city;
    Buf buf;
    bool has_any;
} Params;

static void param(Params *params, const char *name, Str value)
{
    add(&params->buf, params->has_any ? "&" : "?");
    add(&params->buf, name);
    add(&params->buf, "=");
    add_encoded(&params->buf, value);
    params->has_any = true;
}

static void add_who(Params *params)
{
    ViewCity *city = params->city;
    Buf ids = buf_in(city->vault.arena);
    Buf types = buf_in(city->vault.arena);
    if (view_chance(city, 60)) {
        add(&types, some_type(city));
        if (view_chance(city, 30)) {
            add(&types, ",");
            add(&types, some_type(city));
        }
        param(params, "type", finish(&types));
    } else if (view_chance(city, 20)) {
        param(params, "typePattern", some_pattern(city));
    }
    if (view_chance(city, 25)) {
        buf_add(&ids, some_id(city));
        add(&ids, ",");
        buf_add(&ids, some_id(city));
        param(params, "id", finish(&ids));
    } else if (view_chance(city, 20)) {
        param(params, "idPattern", some_pattern(city));
    }
}

static bool add_place(Params *params)
{
    static const char *const places[][3] = {
        {"near;maxDistance:3000", "point", "34.93,134.84"},
        {"near;minDistance:1000", "point", "34.93,134.84"},
        {"near;minDistance:1;maxDistance:5000000", "point", "34.9,134.8"},
        {"coveredBy", "polygon", "34.9,134.8;34.9,134.9;35.0,134.9;35.0,134.8;34.9,134.8"},
        {"intersects", "box", "34.9,134.8;35.0,134.9"},
        {"disjoint", "box", "34.9,134.8;35.0,134.9"},
        {"equals", "point", "34.93,134.84"},
        {"intersects", "line", "34.9,134.8;35.0,134.9"},
        {"near", "point", "34.93,134.84"},
        {"coveredBy", "polygon", "34.9,134.8;34.9,134.9"},
    };
    const char *const *place = PICK(params->city, places);
    param(params, "georel", str_from(place[0]));
    param(params, "geometry", str_from(place[1]));
    param(params, "coords", str_from(place[2]));
    return true;
}

static void add_number(Params *params, const char *name, const char *const *texts, size_t count)
{
    param(params, name, str_from(texts[view_pick(params->city, count)]));
}

static void add_page(Params *params)
{
    static const char *const limits[] = {"1", "2", "3", "20", "900", "0", "1001", "x"};
    static const char *const offsets[] = {"0", "1", "2", "5", "-1"};
    if (view_chance(params->city, 40)) {
        add_number(params, "limit", limits, view_chance(params->city, 90) ? 6 : 8);
    }
    if (view_chance(params->city, 30)) {
        add_number(params, "offset", offsets, view_chance(params->city, 95) ? 4 : 5);
    }
}

static void add_show(Params *params, bool is_dated, bool is_list)
{
    static const char *const options[] = {
        "keyValues",       "values",       "unique",         "normalized",       "count",
        "keyValues,count", "values,count", "skipForwarding", "keyValues,values", "wrong"};
    static const char *const metadata[] = {"accuracy",       "dateCreated", "dateModified", "*",
                                           "*,dateModified", "none",        "previousValue"};
    ViewCity *city = params->city;
    if (view_chance(city, 40)) {
        Buf names = buf_in(city->vault.arena);
        add_name_list(city, &names, is_dated, true);
        param(params, "attrs", finish(&names));
    }
    if (view_chance(city, 20)) {
        const char *text = PICK(city, metadata);
        bool names_dates = strstr(text, "date") != NULL;
        param(params, "metadata", str_from(names_dates && !is_dated ? "accuracy" : text));
    }
    if (view_chance(city, is_list ? 50 : 30)) {
        param(params, "options",
              str_from(options[view_pick(city, view_chance(city, 95) ? 8 : 10)]));
    }
}

/* --- routes
 * --------------------------------------------------------------------------------------- */

static Params params_of(ViewCity *city, const char *path)
{
    Params params = {.city = city, .buf = buf_in(city->vault.arena)};
    add(&params.buf, path);
    return params;
}

static ViewAsk ask_of(Params *params)
{
    return (ViewAsk){.method = HTTP_GET, .target = finish(&params->buf)};
}

static ViewAsk ask_list(ViewCity *city, bool is_dated)
{
    Params params = params_of(city, "/v2/entities");
    bool has_place = false;
    add_who(&params);
    if (view_chance(city, 45)) {
        param(&params, "q", some_filter(city, is_dated, false));
    }
    if (view_chance(city, 15)) {
        param(&params, "mq", some_filter(city, is_dated, true));
    }
    if (view_chance(city, 15)) {
        has_place = add_place(&params);
    }
    if (view_chance(city, 35)) {
        param(&params, "orderBy", some_order(city, is_dated, has_place));
    }
    add_page(&params);
    add_show(&params, is_dated, true);
    return ask_of(&params);
}

static ViewAsk ask_entity(ViewCity *city, bool is_dated)
{
    static const char *const accepts[] = {"",           "",    "application/json",
                                          "text/plain", "*/*", "text/html"};
    Params params = params_of(city, "/v2/entities/");
    size_t form = view_pick(city, 6);
    add_encoded(&params.buf, some_id(city));
    add(&params.buf, form >= 2 ? "/attrs" : "");
    if (form >= 3) {
        add(&params.buf, "/");
        add(&params.buf, some_name(city, false));
        add(&params.buf, form >= 5 ? "/value" : "");
    }
    if (view_chance(city, 60)) {
        param(&params, "type", str_from(some_type(city)));
    }
    if (form < 5) {
        add_show(&params, is_dated, false);
    }
    ViewAsk ask = ask_of(&params);
    ask.accept = str_from(PICK(city, accepts));
    return ask;
}

static ViewAsk ask_types(ViewCity *city)
{
    static const char *const options[] = {"count", "values", "noAttrDetail", "values,count"};
    Params params = params_of(city, "/v2/types");
    if (view_chance(city, 50)) {
        add(&params.buf, "/");
        add(&params.buf, some_type(city));
    } else {
        add_page(&params);
    }
    if (view_chance(city, 50)) {
        param(&params, "options", str_from(PICK(city, options)));
    }
    return ask_of(&params);
}

static void add_selector(ViewCity *city, Buf *body)
{
    add(body, "{");
    if (view_chance(city, 50)) {
        add(body, "\"id\":\"");
        buf_add(body, some_id(city));
    } else {
        add(body, "\"idPattern\":\"");
        add(body, view_chance(city, 70) ? ".*" : "u1");
    }
    add(body, "\"");
    if (view_chance(city, 70)) {
        add(body, view_chance(city, 80) ? ",\"type\":\"" : ",\"typePattern\":\"");
        add(body, some_type(city));
        add(body, "\"");
    }
    add(body, "}");
}

static void add_name_array(ViewCity *city, Buf *body, bool is_dated)
{
    size_t count = 1 + view_pick(city, 3);
    for (size_t i = 0; i < count; i++) {
        add(body, i == 0 ? "[\"" : ",\"");
        add(body, some_name(city, is_dated));
        add(body, "\"");
    }
    add(body, "]");
}

static ViewAsk ask_op_query(ViewCity *city, bool is_dated)
{
    Params params = params_of(city, "/v2/op/query");
    Buf body = buf_in(city->vault.arena);
    size_t selectors = 1 + view_pick(city, 3);
    add_page(&params);
    if (view_chance(city, 30)) {
        param(&params, "orderBy", some_order(city, is_dated, false));
    }
    if (view_chance(city, 30)) {
        param(&params, "options", STR("keyValues,count"));
    }
    for (size_t i = 0; i < selectors; i++) {
        add(&body, i == 0 ? "{\"entities\":[" : ",");
        add_selector(city, &body);
    }
    add(&body, "]");
    if (view_chance(city, 40)) {
        add(&body, ",\"attrs\":");
        add_name_array(city, &body, is_dated);
    }
    if (view_chance(city, 40)) {
        add(&body, ",\"expression\":{\"q\":\"");
        buf_add(&body, some_filter(city, is_dated, false));
        add(&body, "\"}");
    }
    add(&body, "}");
    ViewAsk ask = ask_of(&params);
    ask.method = HTTP_POST;
    ask.body = finish(&body);
    ask.content_type = STR("application/json");
    return ask;
}

ViewAsk view_ask_read(ViewCity *city, bool is_dated)
{
    static const char *const paths[] = {"/", "/#", "/other", "/,/other", "bad"};
    size_t route = view_pick(city, 100);
    ViewAsk ask = route < 55   ? ask_list(city, is_dated)
                  : route < 80 ? ask_entity(city, is_dated)
                  : route < 90 ? ask_op_query(city, is_dated)
                               : ask_types(city);
    if (view_chance(city, 8)) {
        ask.service_path = str_from(PICK(city, paths));
    }
    return ask;
}
