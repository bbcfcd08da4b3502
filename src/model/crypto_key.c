#include "model/crypto_key.h"

#include "model/text.h"

static const char *const type_names[] = {
    [WARD_KEY_SECRET] = "SECRET_KEY", [WARD_KEY_PRIVATE] = "PRIVATE_KEY", [WARD_KEY_PUBLIC] = "PUBLIC_KEY"
};
static const char *const algorithm_names[] = { [WARD_KEY_ALGORITHM_NONE] = NULL,
                                               [WARD_KEY_ALGORITHM_AES] = "AES",
                                               [WARD_KEY_ALGORITHM_DES] = "DES",
                                               [WARD_KEY_ALGORITHM_DESEDE] = "DESede",
                                               [WARD_KEY_ALGORITHM_RSA] = "RSA" };

const char *ward_key_type_name(enum ward_key_type type)
{
    return ward_name_at(type_names, WARD_COUNT_OF(type_names), type);
}

bool ward_key_type_parse(struct ward_span name, enum ward_key_type *ret)
{
    unsigned index;
    if (!ward_name_find(type_names, WARD_COUNT_OF(type_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_key_type)index;
    return true;
}

const char *ward_key_algorithm_name(enum ward_key_algorithm algorithm)
{
    return ward_name_at(algorithm_names, WARD_COUNT_OF(algorithm_names), algorithm);
}

bool ward_key_algorithm_parse(struct ward_span name, enum ward_key_algorithm *ret)
{
    unsigned index;
    if (!ward_name_find(algorithm_names, WARD_COUNT_OF(algorithm_names), name, &index)) {
        return false;
    }
    *ret = (enum ward_key_algorithm)index;
    return true;
}

bool ward_key_algorithm_parse_nocase(struct ward_span name, enum ward_key_algorithm *ret)
{
    for (size_t i = 0; i < WARD_COUNT_OF(algorithm_names); i++) {
        if (algorithm_names[i] && ward_span_equal_nocase(ward_span_of(algorithm_names[i]), name)) {
            *ret = (enum ward_key_algorithm)i;
            return true;
        }
    }
    return false;
}

const struct ward_crypto_key_entry *ward_crypto_key_entry_of(const struct ward_crypto_key *key,
                                                             const struct ward_object_id *environment)
{
    for (size_t i = 0; i < key->entry_count; i++) {
        if (ward_object_id_equal(&key->entries[i].environment_id, environment)) {
            return &key->entries[i];
        }
    }
    return NULL;
}
