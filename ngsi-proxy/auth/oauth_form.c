#include "oauth_form.h"

#include "target.h"

static size_t field_count(const OauthForm *form, Str name)
{
    size_t count = 0;
    for (size_t i = 0; i < form->count; i++) {
        count += str_eq(form->fields[i].name, name);
    }
    return count;
}

Error oauth_form_read(const Request *request, OauthForm *ret_form)
{
    OauthForm form;
    Str media_type;
    TRY(request_media_type_in(request, &media_type));
    ENSURE(str_eq(media_type, STR("application/x-www-form-urlencoded")), OAUTH_REQUEST,
           "the body must be application/x-www-form-urlencoded");
    ENSURE(request->param_count == 0, OAUTH_REQUEST, "parameters belong into the body");
    Error error = query_decode_in(request->arena, request->body, true, &form.fields, &form.count);
    ENSURE(error.reason != REASON_HTTP_BAD_QUERY, OAUTH_REQUEST, "the body is not a form");
    TRY(error);
    for (size_t i = 0; i < form.count; i++) {
        ENSURE(field_count(&form, form.fields[i].name) == 1, OAUTH_REQUEST,
               "a parameter stands twice");
    }
    *ret_form = form;
    return OK;
}

Str oauth_form_field(const OauthForm *form, Str name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (str_eq(form->fields[i].name, name)) {
            return form->fields[i].value;
        }
    }
    return STR_EMPTY;
}
