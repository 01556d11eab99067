#include "surface.h"

typedef struct SurfaceRoot {
    Str segment;
    Surface surface;
} SurfaceRoot;

static const SurfaceRoot ROOTS[] = {
    {STR_INIT("api"), SURFACE_PROBLEM},     {STR_INIT("healthz"), SURFACE_PROBLEM},
    {STR_INIT("readyz"), SURFACE_PROBLEM},  {STR_INIT("oauth2"), SURFACE_OAUTH},
    {STR_INIT("metrics"), SURFACE_PROBLEM}, {STR_INIT(".well-known"), SURFACE_OAUTH},
};

Surface surface_of(Str first_segment)
{
    for (size_t i = 0; i < sizeof ROOTS / sizeof ROOTS[0]; i++) {
        if (str_eq(ROOTS[i].segment, first_segment)) {
            return ROOTS[i].surface;
        }
    }
    return SURFACE_V2;
}
