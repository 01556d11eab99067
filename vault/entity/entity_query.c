#include "entity_query.h"

bool str_list_has(StrList list, Str text)
{
    for (size_t i = 0; i < list.count; i++) {
        if (str_eq(list.items[i], text)) {
            return true;
        }
    }
    return false;
}

static bool covers_one(Str asked, Str path)
{
    if (!str_ends_with(asked, STR("/#"))) {
        return str_eq(asked, path);
    }
    Str top = str_slice(asked, 0, asked.n - 2);
    /* "/a/#" holds "/a" and "/a/b" but not "/ab"; "/#" holds all. */
    return str_starts_with(path, top) && (path.n == top.n || path.p[top.n] == '/');
}

bool service_path_covers(Str asked, Str path)
{
    Str rest = asked;
    Str one;
    while (asked.n > 0 && str_split(&rest, ',', &one)) {
        if (covers_one(one, path)) {
            return true;
        }
    }
    return asked.n == 0;
}
