/* Rows of the tables of oci/decode.h. Each macro checks that the member has the type that its kind fills. Internal to oci/. */
#pragma once

#include "oci/decode.h"

#define MEMBER(type, member, wanted)                                                                                       \
	((uint16_t)(offsetof(type, member) +                                                                               \
	            0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)NULL)->member), wanted) ? 1 : -1])))
#define MEMBER_NAME(type, member)                                                                                          \
	((uint16_t)(offsetof(type, member) +                                                                               \
	            0 * sizeof(char[sizeof(((type *)NULL)->member) == 4 || sizeof(((type *)NULL)->member) == 8 ? 1 : -1])))

#define FIELD(key, kind_, ...) { .name = key, .length = sizeof(key) - 1, .kind = kind_, __VA_ARGS__ }
#define NUMBER(key, kind_, type, member, wanted, from, to, ...)                                                            \
	FIELD(key, kind_, .offset = MEMBER(type, member, wanted), .min = from, .max = to, __VA_ARGS__)

#define F_BOOL(key, type, member, ...) FIELD(key, KIND_BOOL, .offset = MEMBER(type, member, bool), __VA_ARGS__)
#define F_OPT_BOOL(key, type, member, ...)                                                                                 \
	FIELD(key, KIND_OPT_BOOL, .offset = MEMBER(type, member, struct opt_bool), __VA_ARGS__)
#define F_INT32(key, type, member, from, to, ...) NUMBER(key, KIND_INT32, type, member, int32_t, from, to, __VA_ARGS__)
#define F_UINT32(key, type, member, from, to, ...) NUMBER(key, KIND_UINT32, type, member, uint32_t, from, to, __VA_ARGS__)
#define F_INT64(key, type, member, from, to, ...) NUMBER(key, KIND_INT64, type, member, int64_t, from, to, __VA_ARGS__)
#define F_UINT64(key, type, member, from, to, ...) NUMBER(key, KIND_UINT64, type, member, uint64_t, from, to, __VA_ARGS__)
#define F_OPT_INT64(key, type, member, from, to, ...)                                                                      \
	NUMBER(key, KIND_OPT_INT64, type, member, struct opt_i64, from, to, __VA_ARGS__)
#define F_OPT_UINT64(key, type, member, from, to, ...)                                                                     \
	NUMBER(key, KIND_OPT_UINT64, type, member, struct opt_u64, from, to, __VA_ARGS__)
#define F_STRING(key, type, member, ...) FIELD(key, KIND_STRING, .offset = MEMBER(type, member, char *), __VA_ARGS__)
#define F_STRINGS(key, type, member, ...) FIELD(key, KIND_STRINGS, .offset = MEMBER(type, member, struct strings), __VA_ARGS__)
#define F_STRING_MAP(key, type, member, ...)                                                                               \
	FIELD(key, KIND_STRING_MAP, .offset = MEMBER(type, member, struct string_map), __VA_ARGS__)
#define F_NAME(key, type, member, names_, ...)                                                                             \
	FIELD(key, KIND_NAME, .offset = MEMBER_NAME(type, member), .width = sizeof(((type *)NULL)->member),                \
	      .names = &(names_), __VA_ARGS__)
#define F_NAME_BITS(key, type, member, names_, ...)                                                                        \
	FIELD(key, KIND_NAME_BITS, .offset = MEMBER_NAME(type, member), .width = sizeof(((type *)NULL)->member),           \
	      .names = &(names_), __VA_ARGS__)
/* convert_ gets the address of member. */
#define F_TEXT(key, type, member, convert_, ...)                                                                           \
	FIELD(key, KIND_TEXT, .offset = offsetof(type, member), .convert = convert_, __VA_ARGS__)
#define F_OBJECT(key, type, member, table_, ...)                                                                           \
	FIELD(key, KIND_OBJECT, .offset = offsetof(type, member), .table = &(table_), __VA_ARGS__)
/* The object's properties are members of the struct that has the field. */
#define F_INLINE(key, table_, ...) FIELD(key, KIND_OBJECT, .table = &(table_), __VA_ARGS__)
#define ELEMENTS(key, kind_, type, member, count_, element, table_, ...)                                                   \
	FIELD(key, kind_, .offset = MEMBER(type, member, element *), .table = &(table_),                                    \
	      .count_offset = MEMBER(type, count_, size_t) + 0 * sizeof(char[sizeof(element) <= ELEMENT_MAX_SIZE ? 1 : -1]), \
	      __VA_ARGS__)
#define F_OBJECTS(key, type, member, count_, element, table_, ...)                                                         \
	ELEMENTS(key, KIND_OBJECTS, type, member, count_, element, table_, __VA_ARGS__)
#define F_OBJECT_MAP(key, type, member, count_, element, table_, ...)                                                      \
	ELEMENTS(key, KIND_OBJECT_MAP, type, member, count_, element, table_, __VA_ARGS__)

#define TABLE_FIELDS(list)                                                                                                 \
	.fields = list, .count = (uint8_t)(sizeof(list) / sizeof *(list) +                                                 \
	                                   0 * sizeof(char[sizeof(list) / sizeof *(list) <= TABLE_MAX_FIELDS ? 1 : -1]))
/* A table for struct type. */
#define TABLE(list, type, ...)                                                                                             \
	{ TABLE_FIELDS(list), .size = (uint16_t)sizeof(type), __VA_ARGS__ }
#define TABLE_SET(list, type, member, ...)                                                                                 \
	{ TABLE_FIELDS(list), .size = (uint16_t)sizeof(type), .has_set = true, .set_offset = MEMBER(type, member, bool),   \
	  __VA_ARGS__ }
