/* server_control.h — kills, freezes and starts the test's own server, by the socket of
 * with_mongodb.py.
 *
 * Layer: tests/mongodb. Thread-safe: yes. */
#ifndef MUSUBI_SERVER_CONTROL_H
#define MUSUBI_SERVER_CONTROL_H

/* One of kill, start, freeze, thaw; returns when it is done. Ends the process when it can't be
 * done. */
void server_control(const char *word);

#endif
