#include "fail_point.h"

#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>

static void send_command(const bson_t *command)
{
    const char *uri = getenv("MUSUBI_TEST_MONGODB_URI");
    bson_error_t error;
    mongoc_client_t *client = mongoc_client_new(uri == NULL ? "" : uri);
    if (client == NULL ||
        !mongoc_client_command_simple(client, "admin", command, NULL, NULL, &error)) {
        (void)fprintf(stderr, "fail point: %s\n", client == NULL ? "no server" : error.message);
        abort();
    }
    mongoc_client_destroy(client);
}

static void append_data(bson_t *command, const FailPoint *point)
{
    bson_t data;
    bson_t inner;
    BSON_APPEND_DOCUMENT_BEGIN(command, "data", &data);
    BSON_APPEND_ARRAY_BEGIN(&data, "failCommands", &inner);
    BSON_APPEND_UTF8(&inner, "0", point->command);
    bson_append_array_end(&data, &inner);
    if (point->error_code != 0) {
        BSON_APPEND_INT32(&data, "errorCode", point->error_code);
    }
    if (point->write_concern_error != 0) {
        BSON_APPEND_DOCUMENT_BEGIN(&data, "writeConcernError", &inner);
        BSON_APPEND_INT32(&inner, "code", point->write_concern_error);
        BSON_APPEND_UTF8(&inner, "errmsg", "as the test asked");
        bson_append_document_end(&data, &inner);
    }
    BSON_APPEND_BOOL(&data, "closeConnection", point->closes_connection);
    if (point->block_ms != 0) {
        BSON_APPEND_BOOL(&data, "blockConnection", true);
        BSON_APPEND_INT32(&data, "blockTimeMS", point->block_ms);
    }
    bson_append_document_end(command, &data);
}

void fail_point_set(const FailPoint *point)
{
    bson_t command = BSON_INITIALIZER;
    bson_t mode;
    BSON_APPEND_UTF8(&command, "configureFailPoint", "failCommand");
    BSON_APPEND_DOCUMENT_BEGIN(&command, "mode", &mode);
    BSON_APPEND_INT32(&mode, "skip", (int)point->skip);
    BSON_APPEND_INT32(&mode, "times", (int)point->times);
    bson_append_document_end(&command, &mode);
    append_data(&command, point);
    send_command(&command);
    bson_destroy(&command);
}

void fail_point_clear(void)
{
    bson_t command = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&command, "configureFailPoint", "failCommand");
    BSON_APPEND_UTF8(&command, "mode", "off");
    send_command(&command);
    bson_destroy(&command);
}
