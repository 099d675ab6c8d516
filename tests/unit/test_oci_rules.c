/* Rules beyond the types (oci/validate.h): combinations, duplicates, and what this runtime cannot honour. */
#include "tests/unit/oci.h"

static void test_version(void **state)
{
	static const struct bad rows[] = {
		{ "{'ociVersion':''}", "/ociVersion: \"\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1'}", "/ociVersion: \"1\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0'}", "/ociVersion: \"1.0\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0.0'}", "/ociVersion: \"1.0.0.0\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'v1.0.0'}", "/ociVersion: \"v1.0.0\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'01.0.0'}", "/ociVersion: \"01.0.0\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.00.0'}", "/ociVersion: \"1.00.0\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0-'}", "/ociVersion: \"1.0.0-\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0-a..b'}", "/ociVersion: \"1.0.0-a..b\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0-01'}", "/ociVersion: \"1.0.0-01\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0+'}", "/ociVersion: \"1.0.0+\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0+a+b'}", "/ociVersion: \"1.0.0+a+b\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0 '}", "/ociVersion: \"1.0.0 \": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'1.0.0-\xc3\xa9'}", "/ociVersion: \"1.0.0-é\": must be a semantic version such as \"1.3.0\"" },
		{ "{'ociVersion':'2.0.0'}", "/ociVersion: \"2.0.0\": this runtime implements version 1 of the specification" },
		{ "{'ociVersion':'9.0.0'}", "/ociVersion: \"9.0.0\": this runtime implements version 1 of the specification" },
		{ "{'ociVersion':'18446744073709551617.0.0'}",
		  "/ociVersion: \"18446744073709551617.0.0\": this runtime implements version 1 of the specification" },
	};
	static const char *const good[] = { "1.0.0", "1.0.2-dev", "1.2.0+dev", "1.99.0", "1.3.0-rc.1+a.01", "1.0.0-0a.-", "0.5.0-dev" };

	(void)state;
	EXPECT_BAD(rows);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char json[64];

		snprintf(json, sizeof json, "{'ociVersion':'%s'}", good[i]);
		expect_good(spec_parse, json);
	}
}

static void test_process(void **state)
{
	static const struct bad rows[] = {
		{ CONFIG("'process':{'cwd':'a'}"), "/process/cwd: \"a\": must be an absolute path" },
		{ CONFIG("'process':{'cwd':''}"), "/process/cwd: \"\": must be an absolute path" },
		{ PROCESS("'args':[]"), "/process/args: must have at least one entry" },
		{ PROCESS("'env':['A=1','B']"), "/process/env/1: \"B\": must have the form NAME=value" },
		{ PROCESS("'env':['=1']"), "/process/env/0: \"=1\": must have the form NAME=value" },
		{ PROCESS("'env':['']"), "/process/env/0: \"\": must have the form NAME=value" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':1,'hard':1},{'type':'RLIMIT_CPU','soft':1,'hard':1},"
		          "{'type':'RLIMIT_CORE','soft':2,'hard':2}]"),
		  "/process/rlimits/2/type: \"RLIMIT_CORE\": must be listed only once" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':2,'hard':1}]"),
		  "/process/rlimits/0/soft: 2: must not be larger than the hard limit 1" },
		{ PROCESS("'scheduler':{'policy':'SCHED_FIFO'}"),
		  "/process/scheduler/priority: 0: must be an integer from 1 to 99 for SCHED_FIFO" },
		{ PROCESS("'scheduler':{'policy':'SCHED_RR','priority':0}"),
		  "/process/scheduler/priority: 0: must be an integer from 1 to 99 for SCHED_RR" },
		{ PROCESS("'scheduler':{'policy':'SCHED_BATCH','priority':1}"),
		  "/process/scheduler/priority: 1: only SCHED_FIFO and SCHED_RR have a priority" },
		{ PROCESS("'scheduler':{'policy':'SCHED_OTHER','runtime':1}"),
		  "/process/scheduler: runtime, deadline and period are for SCHED_DEADLINE only" },
		{ PROCESS("'scheduler':{'policy':'SCHED_DEADLINE'}"),
		  "/process/scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period" },
		{ PROCESS("'scheduler':{'policy':'SCHED_DEADLINE','runtime':3,'deadline':2,'period':4}"),
		  "/process/scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period" },
		{ PROCESS("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1,'deadline':3,'period':2}"),
		  "/process/scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period" },
	};
	static const char *const good[] = {
		PROCESS("'env':['A=','B==','C=\\n']"),
		PROCESS("'scheduler':{'policy':'SCHED_FIFO','priority':99}"),
		PROCESS("'scheduler':{'policy':'SCHED_DEADLINE','runtime':2048,'deadline':2048}"),
		PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':18446744073709551615,'hard':18446744073709551615}]"),
	};
	static const char iso[] = "{\"cwd\":\"/\",\"scheduler\":{\"policy\":\"SCHED_ISO\"}}";

	(void)state;
	EXPECT_BAD(rows);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		expect_good(spec_parse, good[i]);
	expect_bad(spec_parse_process, iso, sizeof iso - 1, ENOTSUP,
	           "/scheduler/policy: \"SCHED_ISO\": Linux reserves the name, but does not have the policy");
}

#define MAP(container, host, size) "{'containerID':" #container ",'hostID':" #host ",'size':" #size "}"

static void test_top(void **state)
{
	static const struct bad rows[] = {
		{ CONFIG("'root':{'path':''}"), "/root/path: must not be empty" },
		{ CONFIG("'mounts':[{'destination':'/a'},{'destination':''}]"), "/mounts/1/destination: must not be empty" },
		{ CONFIG("'mounts':[{'destination':'/a','uidMappings':[" MAP(0, 0, 1) "]}]"),
		  "/mounts/0: \"/a\": uidMappings and gidMappings must be given together" },
		{ CONFIG("'mounts':[{'destination':'/a','gidMappings':[" MAP(0, 0, 1) "],'uidMappings':[]}]"),
		  "/mounts/0: \"/a\": uidMappings and gidMappings must be given together" },
		{ CONFIG("'mounts':[{'destination':'/a','uidMappings':[" MAP(0, 0, 1) "],'gidMappings':[" MAP(0, 0, 0) "]}]"),
		  "/mounts/0/gidMappings/0/size: 0: must be at least 1" },
		{ CONFIG("'hooks':{'createRuntime':[{'path':'/a'},{'path':'a'}]}"),
		  "/hooks/createRuntime/1/path: \"a\": must be an absolute path" },
		{ CONFIG("'hooks':{'startContainer':[{'path':''}]}"),
		  "/hooks/startContainer/0/path: \"\": must be an absolute path" },
		{ CONFIG("'hooks':{'poststop':[{'path':'/a','env':['A=1','B']}]}"),
		  "/hooks/poststop/0/env/1: \"B\": must have the form NAME=value" },
		{ CONFIG("'annotations':{'a':'','':'b'}"), "/annotations: a key must not be empty" },
		{ CONFIG("'hostname':'01234567890123456789012345678901234567890123456789012345678901234'"),
		  "/hostname: \"01234567890123456789012345678901234567890123456789012345678901234\": must not be longer than 64 bytes" },
		{ CONFIG("'domainname':'01234567890123456789012345678901234567890123456789012345678901234'"),
		  "/domainname: \"01234567890123456789012345678901234567890123456789012345678901234\": must not be longer than 64 bytes" },
	};

	(void)state;
	EXPECT_BAD(rows);
	expect_good(spec_parse, CONFIG("'hostname':'0123456789012345678901234567890123456789012345678901234567890123'"));
	expect_good(spec_parse, CONFIG("'mounts':[{'destination':'a','uidMappings':[],'gidMappings':null}]"));
}

static void test_id_maps(void **state)
{
	static const struct bad rows[] = {
		{ LINUX("'uidMappings':[" MAP(0, 0, 1) "," MAP(1, 1, 0) "]"),
		  "/linux/uidMappings/1/size: 0: must be at least 1" },
		{ LINUX("'uidMappings':[" MAP(0, 1, 4294967295) "]"),
		  "/linux/uidMappings/0/size: 4294967295: goes beyond id 4294967294" },
		{ LINUX("'gidMappings':[" MAP(4294967295, 1, 1) "]"),
		  "/linux/gidMappings/0/size: 1: goes beyond id 4294967294" },
		{ LINUX("'uidMappings':[" MAP(0, 1000, 1) "," MAP(5, 0, 10) "," MAP(14, 2000, 1) "]"),
		  "/linux/uidMappings/2: container ids overlap those of entry 1" },
		{ LINUX("'gidMappings':[" MAP(0, 1000, 10) "," MAP(10, 1009, 1) "]"),
		  "/linux/gidMappings/1: host ids overlap those of entry 0" },
	};
	struct arena _cleanup_arena_ arena = { 0 };
	char *json = arena_alloc(&arena, 32768), *out = json + sprintf(json, "{\"ociVersion\":\"1.3.0\",\"linux\":{\"uidMappings\":[");

	(void)state;
	EXPECT_BAD(rows);
	expect_good(spec_parse, LINUX("'uidMappings':[" MAP(0, 0, 4294967295) "]"));
	expect_good(spec_parse, LINUX("'uidMappings':[" MAP(10, 0, 10) "," MAP(0, 10, 10) "]"));
	for (int i = 0; i < 341; i++)
		out += sprintf(out, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}", i ? "," : "", i, i);
	out += sprintf(out, "]}}");
	expect_bad(spec_parse, json, (size_t)(out - json), EINVAL, "/linux/uidMappings: 341 entries: the kernel takes at most 340");
}

static void test_linux(void **state)
{
	static const struct bad rows[] = {
		{ LINUX("'namespaces':[{'type':'pid'},{'type':'mount'},{'type':'pid','path':'/proc/1/ns/pid'}]"),
		  "/linux/namespaces/2/type: \"pid\": a namespace type must be listed only once" },
		{ LINUX("'namespaces':[{'type':'network','path':'netns'}]"),
		  "/linux/namespaces/0/path: \"netns\": must be an absolute path" },
		{ LINUX("'devices':[{'type':'c','path':'dev/a','major':1,'minor':1}]"),
		  "/linux/devices/0/path: \"dev/a\": must be an absolute path" },
		{ LINUX("'devices':[{'type':'p','path':''}]"), "/linux/devices/0/path: \"\": must be an absolute path" },
		{ LINUX("'maskedPaths':['/a','proc/kcore']"),
		  "/linux/maskedPaths/1: \"proc/kcore\": must be an absolute path" },
		{ LINUX("'readonlyPaths':['']"), "/linux/readonlyPaths/0: \"\": must be an absolute path" },
		{ LINUX("'netDevices':{'':{}}"), "/linux/netDevices/: not the name of a network device" },
		{ LINUX("'netDevices':{'a/b':{}}"), "/linux/netDevices/a/b: not the name of a network device" },
		{ LINUX("'netDevices':{'0123456789012345':{}}"),
		  "/linux/netDevices/0123456789012345: not the name of a network device" },
		{ LINUX("'netDevices':{'eth0':{'name':'..'}}"),
		  "/linux/netDevices/eth0/name: \"..\": must be a name of 1 to 15 bytes without '/', ':' or blanks" },
		{ LINUX("'netDevices':{'eth0':{'name':'a b'}}"),
		  "/linux/netDevices/eth0/name: \"a b\": must be a name of 1 to 15 bytes without '/', ':' or blanks" },
		{ LINUX("'netDevices':{'eth0':{'name':'a:1'}}"),
		  "/linux/netDevices/eth0/name: \"a:1\": must be a name of 1 to 15 bytes without '/', ':' or blanks" },
		{ LINUX("'netDevices':{'eth0':{'name':'0123456789012345'}}"),
		  "/linux/netDevices/eth0/name: \"0123456789012345\": must be a name of 1 to 15 bytes without '/', ':' or blanks" },
		{ LINUX("'netDevices':{'eth0':{'name':'eth%s'}}"),
		  "/linux/netDevices/eth0/name: \"eth%s\": '%' is only for one template %d" },
		{ LINUX("'netDevices':{'eth0':{'name':'eth%d%d'}}"),
		  "/linux/netDevices/eth0/name: \"eth%d%d\": '%' is only for one template %d" },
		{ LINUX("'netDevices':{'eth0':{'name':'eth%'}}"),
		  "/linux/netDevices/eth0/name: \"eth%\": '%' is only for one template %d" },
		{ LINUX("'cgroupsPath':'..'"), "/linux/cgroupsPath: \"..\": must not contain \"..\"" },
		{ LINUX("'cgroupsPath':'/a/../b'"), "/linux/cgroupsPath: \"/a/../b\": must not contain \"..\"" },
		{ LINUX("'cgroupsPath':'a/..'"), "/linux/cgroupsPath: \"a/..\": must not contain \"..\"" },
		{ LINUX("'cgroupsPath':'/a\\nb'"), "/linux/cgroupsPath: \"/a\\x0ab\": must not contain control characters" },
		{ LINUX("'intelRdt':{'closID':'a/b'}"),
		  "/linux/intelRdt/closID: \"a/b\": must be \"/\" or the name of a directory" },
		{ LINUX("'intelRdt':{'closID':'..'}"),
		  "/linux/intelRdt/closID: \"..\": must be \"/\" or the name of a directory" },
		{ LINUX("'intelRdt':{'closID':'mon_groups'}"),
		  "/linux/intelRdt/closID: \"mon_groups\": must be \"/\" or the name of a directory" },
		{ LINUX("'intelRdt':{'closID':'a\\nb'}"),
		  "/linux/intelRdt/closID: \"a\\x0ab\": must be \"/\" or the name of a directory" },
		{ LINUX("'intelRdt':{'l3CacheSchema':'L3:0=f\\nL3:1=f'}"),
		  "/linux/intelRdt/l3CacheSchema: \"L3:0=f\\x0aL3:1=f\": must be one line" },
		{ LINUX("'intelRdt':{'memBwSchema':'L3:0=f'}"),
		  "/linux/intelRdt/memBwSchema: \"L3:0=f\": must be one line that starts with \"MB:\"" },
		{ LINUX("'intelRdt':{'memBwSchema':'MB:0=1\\n'}"),
		  "/linux/intelRdt/memBwSchema: \"MB:0=1\\x0a\": must be one line that starts with \"MB:\"" },
		{ LINUX("'intelRdt':{'schemata':['a','b\\nc']}"), "/linux/intelRdt/schemata/1: \"b\\x0ac\": must be one line" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_DEFAULT','nodes':'0'}"),
		  "/linux/memoryPolicy/nodes: \"0\": MPOL_DEFAULT and MPOL_LOCAL take no nodes" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}"),
		  "/linux/memoryPolicy/nodes: \"0\": MPOL_DEFAULT and MPOL_LOCAL take no nodes" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_BIND'}"),
		  "/linux/memoryPolicy/nodes: missing, but required for this mode" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':''}"),
		  "/linux/memoryPolicy/nodes: missing, but required for this mode" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_NODES']}"),
		  "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_PREFERRED','flags':['MPOL_F_STATIC_NODES']}"),
		  "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES need nodes" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0','flags':['MPOL_F_NUMA_BALANCING']}"),
		  "/linux/memoryPolicy/flags: MPOL_F_NUMA_BALANCING needs MPOL_BIND or MPOL_PREFERRED_MANY" },
		{ LINUX("'sysctl':{'':'1'}"), "/linux/sysctl: \"\": must be the name of a kernel parameter" },
		{ LINUX("'sysctl':{'a\\nb':'1'}"), "/linux/sysctl: \"a\\x0ab\": must be the name of a kernel parameter" },
	};
	static const char *const good[] = {
		LINUX("'cgroupsPath':''"),
		LINUX("'cgroupsPath':'system.slice:berth:..a'"),
		LINUX("'cgroupsPath':'/a..b/..c/d..'"),
		LINUX("'netDevices':{'eth0':{'name':'eth%d'},'eth1':{'name':''},'eth2':{'name':null}}"),
		LINUX("'intelRdt':{'closID':'/'}"),
		LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-8191','flags':['MPOL_F_NUMA_BALANCING']}"),
		LINUX("'memoryPolicy':{'mode':'MPOL_LOCAL'}"),
	};

	(void)state;
	EXPECT_BAD(rows);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		expect_good(spec_parse, good[i]);
}

static void test_resources(void **state)
{
	static const struct bad rows[] = {
		{ RESOURCES("'unified':{'':'1'}"), "/linux/resources/unified: \"\": must be the name of a file in a cgroup" },
		{ RESOURCES("'unified':{'..':'1'}"),
		  "/linux/resources/unified: \"..\": must be the name of a file in a cgroup" },
		{ RESOURCES("'unified':{'../memory.max':'1'}"),
		  "/linux/resources/unified: \"../memory.max\": must be the name of a file in a cgroup" },
		{ RESOURCES("'unified':{'a\\nb':'1'}"),
		  "/linux/resources/unified: \"a\\x0ab\": must be the name of a file in a cgroup" },
		{ RESOURCES("'unified':{'cgroup.procs':'1'}"),
		  "/linux/resources/unified/cgroup.procs: the runtime alone writes this file" },
		{ RESOURCES("'unified':{'cgroup.threads':'1'}"),
		  "/linux/resources/unified/cgroup.threads: the runtime alone writes this file" },
		{ RESOURCES("'unified':{'cgroup.subtree_control':'-memory'}"),
		  "/linux/resources/unified/cgroup.subtree_control: the runtime alone writes this file" },
		{ RESOURCES("'unified':{'cgroup.kill':'1'}"),
		  "/linux/resources/unified/cgroup.kill: the runtime alone writes this file" },
		{ RESOURCES("'memory':{'limit':100,'swap':99}"),
		  "/linux/resources/memory/swap: 99: must not be smaller than the memory limit 100, which it includes" },
		{ RESOURCES("'cpu':{'quota':1000,'burst':1001}"),
		  "/linux/resources/cpu/burst: 1001: must not be larger than the quota 1000" },
		{ RESOURCES("'cpu':{'cpus':'0-'}"),
		  "/linux/resources/cpu/cpus: \"0-\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ RESOURCES("'cpu':{'mems':'0\\n'}"),
		  "/linux/resources/cpu/mems: \"0\\x0a\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ RESOURCES("'blockIO':{'weight':9}"),
		  "/linux/resources/blockIO/weight: 9: must be an integer from 10 to 1000, or 0 for the default" },
		{ RESOURCES("'blockIO':{'leafWeight':1}"),
		  "/linux/resources/blockIO/leafWeight: 1: must be an integer from 10 to 1000, or 0 for the default" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1}]}"),
		  "/linux/resources/blockIO/weightDevice/0: must have a weight or a leafWeight" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1,'weight':9}]}"),
		  "/linux/resources/blockIO/weightDevice/0/weight: 9: must be an integer from 10 to 1000, or 0 for the default" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'minor':1,'leafWeight':9}]}"),
		  "/linux/resources/blockIO/weightDevice/0/leafWeight: 9: must be an integer from 10 to 1000, or 0 for the default" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB','limit':1},{'pageSize':'64kB','limit':1}]"),
		  "/linux/resources/hugepageLimits/1/pageSize: \"64kB\": must be a size such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'02MB','limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: \"02MB\": must be a size such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'MB','limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: \"MB\": must be a size such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2M','limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: \"2M\": must be a size such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2','limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: \"2\": must be a size such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB/../x','limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: \"2MB/../x\": must be a size such as \"64KB\", \"2MB\" or \"1GB\"" },
		{ RESOURCES("'rdma':{'mlx5_1':{}}"), "/linux/resources/rdma/mlx5_1: must have hcaHandles or hcaObjects" },
		{ RESOURCES("'rdma':{'':{'hcaObjects':1}}"), "/linux/resources/rdma: \"\": must be the name of a device" },
		{ RESOURCES("'rdma':{'a b':{'hcaObjects':1}}"),
		  "/linux/resources/rdma: \"a b\": must be the name of a device" },
	};
	static const char *const good[] = {
		RESOURCES("'unified':{'memory.high':'1','cgroup.max.depth':'1','io.max':'8:0 rbps=1\\n8:16 wbps=1'}"),
		RESOURCES("'memory':{'limit':100,'swap':100}"),
		RESOURCES("'memory':{'limit':100,'swap':0}"),
		RESOURCES("'memory':{'limit':100,'swap':-1}"),
		RESOURCES("'memory':{'limit':-1,'swap':-1,'reservation':0}"),
		RESOURCES("'cpu':{'quota':-1,'burst':1000}"),
		RESOURCES("'cpu':{'quota':0,'burst':1000,'shares':0,'period':0}"),
		RESOURCES("'blockIO':{'weight':0,'weightDevice':[{'major':1,'minor':1,'weight':0}]}"),
		RESOURCES("'devices':[]"),
	};

	(void)state;
	EXPECT_BAD(rows);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		expect_good(spec_parse, good[i]);
}

static void test_seccomp(void **state)
{
	static const struct bad rows[] = {
		{ SECCOMP("'defaultErrnoRet':1"),
		  "/linux/seccomp/defaultErrnoRet: 1: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a value" },
		{ LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4096}"),
		  "/linux/seccomp/defaultErrnoRet: 4096: must be an integer from 0 to 4095" },
		{ LINUX("'seccomp':{'defaultAction':'SCMP_ACT_TRACE','defaultErrnoRet':65536}"),
		  "/linux/seccomp/defaultErrnoRet: 65536: must be an integer from 0 to 65535" },
		{ LINUX("'seccomp':{'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/a'}"),
		  "/linux/seccomp/defaultAction: \"SCMP_ACT_NOTIFY\": cannot be the default" },
		{ SECCOMP("'listenerMetadata':'a'"),
		  "/linux/seccomp/listenerMetadata: must not be given without listenerPath" },
		{ SECCOMP("'listenerPath':'a','syscalls':[{'names':['a'],'action':'SCMP_ACT_NOTIFY'}]"),
		  "/linux/seccomp/listenerPath: \"a\": must be an absolute path" },
		{ SECCOMP("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X86_64']"),
		  "/linux/seccomp/architectures/2: \"SCMP_ARCH_X86_64\": must be listed only once" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG'},{'names':[],'action':'SCMP_ACT_LOG'}]"),
		  "/linux/seccomp/syscalls/1/names: must have at least one entry" },
		{ SECCOMP("'syscalls':[{'names':['a',''],'action':'SCMP_ACT_LOG'}]"),
		  "/linux/seccomp/syscalls/0/names/1: must not be empty" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_NOTIFY'}]"),
		  "/linux/seccomp/syscalls/0/action: \"SCMP_ACT_NOTIFY\": needs /linux/seccomp/listenerPath" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_KILL','errnoRet':1}]"),
		  "/linux/seccomp/syscalls/0/errnoRet: 1: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a value" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':4096}]"),
		  "/linux/seccomp/syscalls/0/errnoRet: 4096: must be an integer from 0 to 4095" },
	};
	static const char *const good[] = {
		SECCOMP("'syscalls':[],'architectures':[],'flags':[]"),
		SECCOMP("'listenerPath':'ignored without SCMP_ACT_NOTIFY'"),
		SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':0}]"),
		LINUX("'seccomp':{'defaultAction':'SCMP_ACT_TRACE','defaultErrnoRet':65535}"),
	};

	(void)state;
	EXPECT_BAD(rows);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		expect_good(spec_parse, good[i]);
}

/* --- well-formed, but not for this runtime ------------------------------------------------------------------------------- */

#define ROOT "'root':{'path':'r'},"
#define RUN ROOT "'process':{'cwd':'/','args':['a']},"
#define RUN_LINUX(members) CONFIG(RUN "'linux':{" members "}")
#define V1(members) RUN_LINUX("'resources':{" members "}")

static void test_runnable(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *error;
	} rows[] = {
		{ CONFIG("'process':{'cwd':'/','args':['a']}"), EINVAL, "/root: missing, but required" },
		{ CONFIG("'root':{'path':'r'}"), EINVAL, "/process: missing, but required to start a container" },
		{ CONFIG(ROOT "'process':{'cwd':'/'}"), EINVAL, "/process/args: missing, but required" },
		{ "{" RUN "'ociVersion':'0.5.0-dev'}", ENOTSUP,
		  "/ociVersion: \"0.5.0-dev\": this runtime implements version 1 of the specification" },
		{ CONFIG(RUN "'solaris':{}"), ENOTSUP,
		  "/solaris: this runtime runs Linux containers without a virtual machine: the section cannot be honoured" },
		{ CONFIG(RUN "'windows':{'layerFolders':['a']}"), ENOTSUP,
		  "/windows: this runtime runs Linux containers without a virtual machine: the section cannot be honoured" },
		{ CONFIG(RUN "'vm':{'kernel':{'path':'a'}}"), ENOTSUP,
		  "/vm: this runtime runs Linux containers without a virtual machine: the section cannot be honoured" },
		{ CONFIG(RUN "'zos':{}"), ENOTSUP,
		  "/zos: this runtime runs Linux containers without a virtual machine: the section cannot be honoured" },
		{ CONFIG(RUN "'freebsd':{}"), ENOTSUP,
		  "/freebsd: this runtime runs Linux containers without a virtual machine: the section cannot be honoured" },
		{ CONFIG(RUN "'hostname':'a'"), EINVAL, "/hostname: needs a uts namespace in /linux/namespaces" },
		{ CONFIG(RUN "'domainname':'a'"), EINVAL, "/domainname: needs a uts namespace in /linux/namespaces" },
		{ RUN_LINUX("'uidMappings':[" MAP(0, 0, 1) "]"), EINVAL, "/linux/uidMappings: needs a user namespace in /linux/namespaces" },
		{ RUN_LINUX("'gidMappings':[" MAP(0, 0, 1) "]"), EINVAL, "/linux/gidMappings: needs a user namespace in /linux/namespaces" },
		{ RUN_LINUX("'namespaces':[{'type':'user'}]"), EINVAL,
		  "/linux/uidMappings: missing, but required for a new user namespace" },
		{ RUN_LINUX("'namespaces':[{'type':'user'}],'uidMappings':[" MAP(0, 0, 1) "]"), EINVAL,
		  "/linux/gidMappings: missing, but required for a new user namespace" },
		{ RUN_LINUX("'timeOffsets':{'boottime':{'secs':1}}"), EINVAL,
		  "/linux/timeOffsets/boottime: needs a time namespace in /linux/namespaces" },
		{ RUN_LINUX("'timeOffsets':{'monotonic':{}}"), EINVAL,
		  "/linux/timeOffsets/monotonic: needs a time namespace in /linux/namespaces" },
		{ RUN_LINUX("'timeOffsets':{'monotonic':{'secs':1}},'namespaces':[{'type':'time','path':'/proc/1/ns/time'}]"), EINVAL,
		  "/linux/timeOffsets: needs a new time namespace, not one to join" },
		{ RUN_LINUX("'netDevices':{'eth0':{}}"), EINVAL, "/linux/netDevices: needs a network namespace in /linux/namespaces" },
		{ RUN_LINUX("'maskedPaths':['/proc/kcore']"), EINVAL, "/linux/maskedPaths: needs a mount namespace in /linux/namespaces" },
		{ RUN_LINUX("'readonlyPaths':['/proc']"), EINVAL, "/linux/readonlyPaths: needs a mount namespace in /linux/namespaces" },
		{ V1("'memory':{'kernel':1}"), ENOTSUP,
		  "/linux/resources/memory/kernel: cgroup v1 only: in cgroup v2, memory.max includes kernel memory" },
		{ V1("'memory':{'kernelTCP':1}"), ENOTSUP,
		  "/linux/resources/memory/kernelTCP: cgroup v1 only: in cgroup v2, memory.max includes TCP buffers" },
		{ V1("'memory':{'swappiness':0}"), ENOTSUP,
		  "/linux/resources/memory/swappiness: cgroup v1 only: in cgroup v2, there is no swappiness of a cgroup" },
		{ V1("'memory':{'disableOOMKiller':true}"), ENOTSUP,
		  "/linux/resources/memory/disableOOMKiller: cgroup v1 only: in cgroup v2, the OOM killer cannot be disabled" },
		{ V1("'cpu':{'realtimeRuntime':1}"), ENOTSUP,
		  "/linux/resources/cpu/realtimeRuntime: cgroup v1 only: in cgroup v2, there are no realtime budgets" },
		{ V1("'cpu':{'realtimePeriod':1}"), ENOTSUP,
		  "/linux/resources/cpu/realtimePeriod: cgroup v1 only: in cgroup v2, there are no realtime budgets" },
		{ V1("'blockIO':{'leafWeight':10}"), ENOTSUP,
		  "/linux/resources/blockIO/leafWeight: cgroup v1 only: in cgroup v2, a cgroup with children has no processes" },
		{ V1("'blockIO':{'weightDevice':[{'major':1,'minor':1,'leafWeight':10}]}"), ENOTSUP,
		  "/linux/resources/blockIO/weightDevice/0/leafWeight: cgroup v1 only: in cgroup v2, a cgroup with children has no "
		  "processes" },
		{ V1("'network':{'classID':1}"), ENOTSUP,
		  "/linux/resources/network/classID: cgroup v1 only: in cgroup v2, there is no net_cls controller" },
		{ V1("'network':{'priorities':[{'name':'a','priority':1}]}"), ENOTSUP,
		  "/linux/resources/network/priorities: cgroup v1 only: in cgroup v2, there is no net_prio controller" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena _cleanup_arena_ arena = { 0 };
		struct spec _cleanup_spec_ spec = { 0 };
		char *text = quoted(rows[i].json, &arena);

		if (spec_parse(&spec, text, strlen(text)) < 0)
			fail_msg("%s\n  not even well-formed: %s", text, error_record()->text);
		int r = spec_validate_runnable(&spec);

		if (r != -rows[i].code || strcmp(error_record()->text, rows[i].error) != 0)
			fail_msg("%s\n  gave %d: %s\n  not  %d: %s", text, r, error_record()->text, -rows[i].code, rows[i].error);
	}
}

static void test_runnable_good(void **state)
{
	static const char *const rows[] = {
		CONFIG(RUN "'linux':{}"),
		RUN_LINUX("'namespaces':[{'type':'uts','path':'/proc/1/ns/uts'}]},'hostname':'a','x':{"),
		RUN_LINUX("'namespaces':[{'type':'user','path':'/proc/1/ns/user'}]"),
		RUN_LINUX("'namespaces':[{'type':'user','path':'/proc/1/ns/user'}],'uidMappings':[" MAP(0, 0, 1) "]"),
		RUN_LINUX("'namespaces':[{'type':'time'}],'timeOffsets':{'boottime':{'secs':-1,'nanosecs':1}}"),
		RUN_LINUX("'namespaces':[{'type':'network','path':'/run/netns/a'}],'netDevices':{'eth0':{}}"),
		RUN_LINUX("'timeOffsets':{},'netDevices':{},'maskedPaths':[],'uidMappings':[]"),
		CONFIG(RUN "'hostname':'','domainname':'','windows':null"),
		V1("'memory':{'kernel':-1,'kernelTCP':0,'disableOOMKiller':false,'useHierarchy':false}"),
		V1("'cpu':{'realtimeRuntime':0,'realtimePeriod':0},'blockIO':{'leafWeight':0},'network':{'classID':0,'priorities':[]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena _cleanup_arena_ arena = { 0 };
		struct spec _cleanup_spec_ spec = { 0 };
		char *text = quoted(rows[i], &arena);

		if (spec_parse(&spec, text, strlen(text)) < 0 || spec_validate_runnable(&spec) < 0)
			fail_msg("%s\n  refused: %s", text, error_record()->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_id_maps),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_runnable),
		cmocka_unit_test(test_runnable_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
