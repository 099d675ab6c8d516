/* config-linux.md "Seccomp". */
#include "oci/fields.h"
#include "oci/tables.h"

static const struct field arg_fields[] = {
	F_UINT32("index", struct spec_seccomp_arg, index, 0, 5, .flags = FIELD_REQUIRED),
	F_UINT64("value", struct spec_seccomp_arg, value, 0, UINT64_MAX, .flags = FIELD_REQUIRED),
	F_UINT64("valueTwo", struct spec_seccomp_arg, value_two, 0, UINT64_MAX),
	F_NAME("op", struct spec_seccomp_arg, op, names_seccomp_operators, .flags = FIELD_REQUIRED),
};
static const struct table arg = TABLE(arg_fields, struct spec_seccomp_arg);

static const struct field rule_fields[] = {
	F_STRINGS("names", struct spec_seccomp_rule, names, .flags = FIELD_REQUIRED),
	F_NAME("action", struct spec_seccomp_rule, action, names_seccomp_actions, .flags = FIELD_REQUIRED),
	F_OPT_UINT64("errnoRet", struct spec_seccomp_rule, errno_ret, 0, UINT32_MAX),
	F_OBJECTS("args", struct spec_seccomp_rule, args, arg_count, struct spec_seccomp_arg, arg),
};
static const struct table rule = TABLE(rule_fields, struct spec_seccomp_rule);

static const struct field seccomp_fields[] = {
	F_NAME("defaultAction", struct spec_seccomp, default_action, names_seccomp_actions, .flags = FIELD_REQUIRED),
	F_OPT_UINT64("defaultErrnoRet", struct spec_seccomp, default_errno_ret, 0, UINT32_MAX),
	F_STRINGS("architectures", struct spec_seccomp, architectures, .names = &names_seccomp_archs),
	F_NAME_BITS("flags", struct spec_seccomp, flags, names_seccomp_flags),
	F_STRING("listenerPath", struct spec_seccomp, listener_path, .flags = FIELD_EMPTY_IS_ABSENT),
	F_STRING("listenerMetadata", struct spec_seccomp, listener_metadata, .flags = FIELD_EMPTY_IS_ABSENT),
	F_OBJECTS("syscalls", struct spec_seccomp, rules, rule_count, struct spec_seccomp_rule, rule),
};
const struct table table_seccomp = TABLE_SET(seccomp_fields, struct spec_seccomp, set);
