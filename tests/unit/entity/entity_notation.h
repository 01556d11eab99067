/* entity_notation.h — entities and writes in one line of text, for tests of updates.
 *
 * "a=1 b:Text=\"x\" c" is attribute a without a type, b of type Text and c with the value null;
 * values hold no blanks. Must never be used outside tests.
 *
 * Layer: tests. Thread-safe: pure. */
#ifndef MUSUBI_ENTITY_NOTATION_H
#define MUSUBI_ENTITY_NOTATION_H

#include "entity_update.h"

/* When what is there was made, and when it is written to. */
#define THEN 1000
#define NOW 2000

/* Entity E of type T at "/", everything made at THEN; room for 16 attributes. Views of text. */
Entity entity_of(Arena *arena, const char *text);
/* The same as what a write asks for. */
EntityWrite write_of(Arena *arena, EntityWriteKind kind, const char *attributes);
/* The attributes in the notation, each with its type. */
Str text_of(Arena *arena, const Entity *entity);

#endif
