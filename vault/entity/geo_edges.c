#include "geo_edges.h"

#include <math.h>
#include <stdlib.h>

typedef struct EdgeBox {
    double west;
    double east;
    double south;
    double north;
} EdgeBox;

static EdgeBox box_of(GeoPoint a, GeoPoint b)
{
    return (EdgeBox){.west = fmin(a.longitude, b.longitude),
                     .east = fmax(a.longitude, b.longitude),
                     .south = fmin(a.latitude, b.latitude),
                     .north = fmax(a.latitude, b.latitude)};
}

static int compare_west(const void *left, const void *right)
{
    double a = ((const EdgeBox *)left)->west;
    double b = ((const EdgeBox *)right)->west;
    return (a > b) - (a < b);
}

size_t geo_edges_count(const GeoPlace *place)
{
    size_t count = 0;
    for (size_t i = 0; i < place->count; i++) {
        count += place->parts[i].count - 1;
    }
    return count;
}

static void fill_boxes(const GeoPlace *place, EdgeBox *boxes)
{
    size_t at = 0;
    for (size_t i = 0; i < place->count; i++) {
        const GeoPart *part = &place->parts[i];
        for (size_t k = 1; k < part->count; k++) {
            boxes[at++] = box_of(part->points[k - 1], part->points[k]);
        }
    }
}

/* Boxes in order of their western ends: only those that begin before one ends may overlap it. */
static bool has_more_pairs(const EdgeBox *boxes, size_t count, size_t limit)
{
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count && boxes[k].west <= boxes[i].east; k++) {
            bool meets = boxes[k].south <= boxes[i].north && boxes[i].south <= boxes[k].north;
            if (meets && ++pairs > limit) {
                return true;
            }
        }
    }
    return false;
}

Error geo_edges_exceed(const GeoPlace *place, size_t limit, bool *ret_exceeds)
{
    size_t count = geo_edges_count(place);
    if (count < 2) {
        *ret_exceeds = false;
        return OK;
    }
    EdgeBox *boxes = calloc(count, sizeof *boxes);
    ENSURE(boxes != NULL, OUT_OF_MEMORY, NULL);
    fill_boxes(place, boxes);
    qsort(boxes, count, sizeof *boxes, compare_west);
    *ret_exceeds = has_more_pairs(boxes, count, limit);
    free(boxes);
    return OK;
}
