/* Wrong JSON types, numbers out of range, unknown names, missing properties: what the tables of oci/ refuse. */
#include "tests/unit/oci.h"

static void test_types(void **state)
{
	static const struct bad rows[] = {
		/* what runc or crun took */
		{ PROCESS("'user':{'uid':'0','gid':0}"), "/process/user/uid: \"0\": must be an integer from 0 to 4294967294" },
		{ PROCESS("'env':{'A':'b'}"), "/process/env: an object: must be an array of strings" },
		{ PROCESS("'capabilities':['CAP_CHOWN']"), "/process/capabilities: an array: must be an object" },
		{ LINUX("'namespaces':{'type':'mount'}"), "/linux/namespaces: an object: must be an array of objects" },
		{ LINUX("'namespaces':['mount']"), "/linux/namespaces/0: \"mount\": must be an object" },
		{ CONFIG("'mounts':{}"), "/mounts: an object: must be an array of objects" },
		{ CONFIG("'mounts':['/proc']"), "/mounts/0: \"/proc\": must be an object" },
		{ CONFIG("'mounts':[null]"), "/mounts/0: null: must be an object" },
		{ CONFIG("'mounts':[{'destination':'/a','options':'ro'}]"),
		  "/mounts/0/options: \"ro\": must be an array of strings" },
		{ CONFIG("'mounts':[{'destination':'/a','options':['ro',null]}]"),
		  "/mounts/0/options/1: null: must be a string" },
		{ CONFIG("'mounts':[{'destination':'/a','options':['ro',['rw']]}]"),
		  "/mounts/0/options/1: an array: must be a string" },
		{ CONFIG("'mounts':[{'destination':'/a','options':['ro',{}]}]"),
		  "/mounts/0/options/1: an object: must be a string" },
		{ CONFIG("'root':'rootfs'"), "/root: \"rootfs\": must be an object" },
		{ CONFIG("'root':[]"), "/root: an array: must be an object" },
		{ CONFIG("'root':{'path':'a','readonly':'true'}"), "/root/readonly: \"true\": must be true or false" },
		{ CONFIG("'root':{'path':'a','readonly':1}"), "/root/readonly: 1: must be true or false" },
		{ CONFIG("'process':true"), "/process: true: must be an object" },
		{ CONFIG("'hostname':1"), "/hostname: 1: must be a string" },
		{ CONFIG("'hostname':true"), "/hostname: true: must be a string" },
		{ CONFIG("'hostname':{}"), "/hostname: an object: must be a string" },
		{ CONFIG("'hooks':[]"), "/hooks: an array: must be an object" },
		{ CONFIG("'hooks':{'poststop':{'path':'/a'}}"), "/hooks/poststop: an object: must be an array of objects" },
		{ CONFIG("'annotations':[]"), "/annotations: an array: must be an object with string values" },
		{ CONFIG("'annotations':{'a':1}"), "/annotations/a: 1: must be a string" },
		{ CONFIG("'annotations':{'a':null}"), "/annotations/a: null: must be a string" },
		{ CONFIG("'annotations':{'a':{}}"), "/annotations/a: an object: must be a string" },
		{ CONFIG("'annotations':{'a':[]}"), "/annotations/a: an array: must be a string" },
		{ PROCESS("'user':{'uid':0,'gid':0,'additionalGids':5}"),
		  "/process/user/additionalGids: 5: must be an array of numbers" },
		{ PROCESS("'user':{'uid':0,'gid':0,'additionalGids':[5,'6']}"),
		  "/process/user/additionalGids/1: \"6\": must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':0,'gid':0,'additionalGids':[5,null]}"),
		  "/process/user/additionalGids/1: null: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':0,'gid':0,'additionalGids':[{}]}"),
		  "/process/user/additionalGids/0: an object: must be an integer from 0 to 4294967294" },
		{ PROCESS("'capabilities':{'bounding':'CAP_CHOWN'}"),
		  "/process/capabilities/bounding: \"CAP_CHOWN\": must be an array of strings" },
		{ PROCESS("'capabilities':{'bounding':[1]}"), "/process/capabilities/bounding/0: 1: must be a string" },
		{ LINUX("'netDevices':{'eth0':'eth1'}"), "/linux/netDevices/eth0: \"eth1\": must be an object" },
		{ LINUX("'netDevices':{'eth0':null}"), "/linux/netDevices/eth0: null: must be an object" },
		{ LINUX("'netDevices':[{'name':'eth0'}]"), "/linux/netDevices: an array: must be an object of objects" },
		{ LINUX("'sysctl':{'net.ipv4.ip_forward':1}"), "/linux/sysctl/net.ipv4.ip_forward: 1: must be a string" },
		{ LINUX("'sysctl':'a'"), "/linux/sysctl: \"a\": must be an object with string values" },
		{ RESOURCES("'memory':{'disableOOMKiller':0}"),
		  "/linux/resources/memory/disableOOMKiller: 0: must be true or false" },
		{ CONFIG("'windows':{'layerFolders':['a'],'credentialSpec':[]}"),
		  "/windows/credentialSpec: an array: must be an object" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_numbers(void **state)
{
	static const struct bad rows[] = {
		{ PROCESS("'user':{'uid':1.0,'gid':0}"), "/process/user/uid: 1.0: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':1e3,'gid':0}"), "/process/user/uid: 1e3: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':-1,'gid':0}"), "/process/user/uid: -1: must be an integer from 0 to 4294967294" },
		/* 4294967295 is -1, "leave it": the process would stay root */
		{ PROCESS("'user':{'uid':4294967295,'gid':0}"),
		  "/process/user/uid: 4294967295: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':0,'gid':4294967295}"),
		  "/process/user/gid: 4294967295: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':4294967296,'gid':0}"),
		  "/process/user/uid: 4294967296: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':18446744073709551616,'gid':0}"),
		  "/process/user/uid: 18446744073709551616: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':0,'gid':0,'additionalGids':[1,4294967295]}"),
		  "/process/user/additionalGids/1: 4294967295: must be an integer from 0 to 4294967294" },
		{ PROCESS("'user':{'uid':0,'gid':0,'umask':512}"),
		  "/process/user/umask: 512: must be an integer from 0 to 511 (octal 0777)" },
		{ PROCESS("'terminal':true,'consoleSize':{'height':65536,'width':80}"),
		  "/process/consoleSize/height: 65536: must be an integer from 0 to 65535" },
		{ PROCESS("'terminal':true,'consoleSize':{'height':1,'width':65536}"),
		  "/process/consoleSize/width: 65536: must be an integer from 0 to 65535" },
		{ PROCESS("'consoleSize':{'height':-1,'width':80}"),
		  "/process/consoleSize/height: -1: must be an integer from 0 to 18446744073709551615" },
		{ PROCESS("'oomScoreAdj':1001"), "/process/oomScoreAdj: 1001: must be an integer from -1000 to 1000" },
		{ PROCESS("'oomScoreAdj':-1001"), "/process/oomScoreAdj: -1001: must be an integer from -1000 to 1000" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551616}]"),
		  "/process/rlimits/0/hard: 18446744073709551616: must be an integer from 0 to 18446744073709551615" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':-1,'hard':0}]"),
		  "/process/rlimits/0/soft: -1: must be an integer from 0 to 18446744073709551615" },
		{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}"),
		  "/process/ioPriority/priority: 8: must be an integer from 0 to 7" },
		{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':-1}"),
		  "/process/ioPriority/priority: -1: must be an integer from 0 to 7" },
		{ PROCESS("'scheduler':{'policy':'SCHED_OTHER','nice':20}"),
		  "/process/scheduler/nice: 20: must be an integer from -20 to 19" },
		{ PROCESS("'scheduler':{'policy':'SCHED_OTHER','nice':-21}"),
		  "/process/scheduler/nice: -21: must be an integer from -20 to 19" },
		{ PROCESS("'scheduler':{'policy':'SCHED_FIFO','priority':100}"),
		  "/process/scheduler/priority: 100: must be an integer from 0 to 99" },
		{ CONFIG("'hooks':{'prestart':[{'path':'/a','timeout':0}]}"),
		  "/hooks/prestart/0/timeout: 0: must be a number of seconds, greater than zero" },
		{ CONFIG("'hooks':{'prestart':[{'path':'/a','timeout':-1}]}"),
		  "/hooks/prestart/0/timeout: -1: must be a number of seconds, greater than zero" },
		{ LINUX("'uidMappings':[{'containerID':0,'hostID':-1,'size':1}]"),
		  "/linux/uidMappings/0/hostID: -1: must be an integer from 0 to 4294967295" },
		{ LINUX("'uidMappings':[{'containerID':0,'hostID':4294967296,'size':1}]"),
		  "/linux/uidMappings/0/hostID: 4294967296: must be an integer from 0 to 4294967295" },
		/* the kernel would take 0x1000 for major 0 of another minor */
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','major':4096,'minor':0}]"),
		  "/linux/devices/0/major: 4096: must be an integer from 0 to 4095" },
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','major':0,'minor':1048576}]"),
		  "/linux/devices/0/minor: 1048576: must be an integer from 0 to 1048575" },
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','major':-1,'minor':0}]"),
		  "/linux/devices/0/major: -1: must be an integer from 0 to 4095" },
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','major':1,'minor':1,'fileMode':512}]"),
		  "/linux/devices/0/fileMode: 512: must be an integer from 0 to 511 (octal 0777)" },
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','major':1,'minor':1,'fileMode':25008}]"),
		  "/linux/devices/0/fileMode: 25008: must be an integer from 0 to 511 (octal 0777)" },
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','major':1,'minor':1,'uid':4294967295}]"),
		  "/linux/devices/0/uid: 4294967295: must be an integer from 0 to 4294967294" },
		{ RESOURCES("'memory':{'limit':-5}"),
		  "/linux/resources/memory/limit: -5: must be -1 (unlimited) or a number of bytes" },
		{ RESOURCES("'memory':{'swap':9223372036854775808}"),
		  "/linux/resources/memory/swap: 9223372036854775808: must be -1 (unlimited) or a number of bytes" },
		{ RESOURCES("'memory':{'limit':1e400}"),
		  "/linux/resources/memory/limit: 1e400: must be -1 (unlimited) or a number of bytes" },
		{ RESOURCES("'memory':{'swappiness':101}"),
		  "/linux/resources/memory/swappiness: 101: must be an integer from 0 to 100" },
		{ RESOURCES("'cpu':{'quota':-2}"),
		  "/linux/resources/cpu/quota: -2: must be -1 (unlimited) or a number of microseconds" },
		{ RESOURCES("'cpu':{'idle':2}"), "/linux/resources/cpu/idle: 2: must be an integer from 0 to 1" },
		{ RESOURCES("'cpu':{'idle':-1}"), "/linux/resources/cpu/idle: -1: must be an integer from 0 to 1" },
		{ RESOURCES("'cpu':{'shares':-1}"),
		  "/linux/resources/cpu/shares: -1: must be an integer from 0 to 18446744073709551615" },
		{ RESOURCES("'pids':{'limit':-2}"),
		  "/linux/resources/pids/limit: -2: must be -1 (unlimited) or a number of tasks" },
		{ RESOURCES("'blockIO':{'weight':1001}"),
		  "/linux/resources/blockIO/weight: 1001: must be an integer from 10 to 1000, or 0 for the default" },
		{ RESOURCES("'blockIO':{'weight':65536}"),
		  "/linux/resources/blockIO/weight: 65536: must be an integer from 10 to 1000, or 0 for the default" },
		{ RESOURCES("'devices':[{'allow':true,'major':-2}]"),
		  "/linux/resources/devices/0/major: -2: must be -1 (all) or an integer from 0 to 4095" },
		{ RESOURCES("'devices':[{'allow':true,'major':4096}]"),
		  "/linux/resources/devices/0/major: 4096: must be -1 (all) or an integer from 0 to 4095" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB','limit':-1}]"),
		  "/linux/resources/hugepageLimits/0/limit: -1: must be an integer from 0 to 18446744073709551615" },
		{ RESOURCES("'network':{'classID':4294967296}"),
		  "/linux/resources/network/classID: 4294967296: must be an integer from 0 to 4294967295" },
		{ RESOURCES("'rdma':{'a':{'hcaObjects':4294967296}}"),
		  "/linux/resources/rdma/a/hcaObjects: 4294967296: must be an integer from 0 to 4294967295" },
		{ LINUX("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
		  "/linux/timeOffsets/boottime/nanosecs: 1000000000: must be an integer from 0 to 999999999" },
		{ LINUX("'timeOffsets':{'boottime':{'secs':9223372036854775808}}"),
		  "/linux/timeOffsets/boottime/secs: 9223372036854775808: must be an integer from -9223372036854775808 to 9223372036854775807" },
		{ LINUX("'timeOffsets':{'boottime':{'secs':-9223372036854775809}}"),
		  "/linux/timeOffsets/boottime/secs: -9223372036854775809: must be an integer from -9223372036854775808 to 9223372036854775807" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':6,'value':0,'op':'SCMP_CMP_EQ'}]}]"),
		  "/linux/seccomp/syscalls/0/args/0/index: 6: must be an integer from 0 to 5" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':-1,'op':'SCMP_CMP_EQ'}]}]"),
		  "/linux/seccomp/syscalls/0/args/0/value: -1: must be an integer from 0 to 18446744073709551615" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_names(void **state)
{
	static const struct bad rows[] = {
		{ LINUX("'namespaces':[{'type':'net'}]"),
		  "/linux/namespaces/0/type: \"net\": must be one of \"mount\", \"pid\", \"network\", \"uts\", \"ipc\", \"user\", \"cgroup\", \"time\"" },
		{ LINUX("'namespaces':[{'type':'Network'}]"),
		  "/linux/namespaces/0/type: \"Network\": must be one of \"mount\", \"pid\", \"network\", \"uts\", \"ipc\", \"user\", \"cgroup\", \"time\"" },
		{ LINUX("'rootfsPropagation':'sslave'"),
		  "/linux/rootfsPropagation: \"sslave\": must be one of \"private\", \"shared\", \"slave\", \"unbindable\", \"rprivate\", \"rshared\", \"rslave\", \"runbindable\"" },
		{ LINUX("'rootfsPropagation':''"),
		  "/linux/rootfsPropagation: \"\": must be one of \"private\", \"shared\", \"slave\", \"unbindable\", \"rprivate\", \"rshared\", \"rslave\", \"runbindable\"" },
		{ LINUX("'personality':{'domain':'linux'}"),
		  "/linux/personality/domain: \"linux\": must be one of \"LINUX\", \"LINUX32\"" },
		{ LINUX("'personality':{'domain':'LINUX','flags':['ADDR_NO_RANDOMIZE']}"),
		  "/linux/personality/flags/0: \"ADDR_NO_RANDOMIZE\": the specification defines no flags" },
		{ LINUX("'devices':[{'type':'x','path':'/dev/a','major':1,'minor':1}]"),
		  "/linux/devices/0/type: \"x\": must be \"b\" (block), \"c\" or \"u\" (character) or \"p\" (FIFO)" },
		{ LINUX("'devices':[{'type':'cc','path':'/dev/a','major':1,'minor':1}]"),
		  "/linux/devices/0/type: \"cc\": must be \"b\" (block), \"c\" or \"u\" (character) or \"p\" (FIFO)" },
		{ LINUX("'devices':[{'type':'','path':'/dev/a','major':1,'minor':1}]"),
		  "/linux/devices/0/type: \"\": must be \"b\" (block), \"c\" or \"u\" (character) or \"p\" (FIFO)" },
		{ RESOURCES("'devices':[{'allow':true,'type':'p'}]"),
		  "/linux/resources/devices/0/type: \"p\": must be \"a\" (all), \"b\" (block) or \"c\" (character)" },
		{ RESOURCES("'devices':[{'allow':true,'access':'rwx'}]"),
		  "/linux/resources/devices/0/access: \"rwx\": must be a composition of \"r\", \"w\" and \"m\"" },
		{ LINUX("'timeOffsets':{'realtime':{'secs':1}}"),
		  "/linux/timeOffsets/realtime: unknown clock: must be \"monotonic\" or \"boottime\"" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_MAX'}"),
		  "/linux/memoryPolicy/mode: \"MPOL_MAX\": must be one of \"MPOL_DEFAULT\", \"MPOL_BIND\", \"MPOL_INTERLEAVE\", \"MPOL_WEIGHTED_INTERLEAVE\", \"MPOL_PREFERRED\", \"MPOL_PREFERRED_MANY\", \"MPOL_LOCAL\"" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_MOF']}"),
		  "/linux/memoryPolicy/flags/0: \"MPOL_F_MOF\": must be one of \"MPOL_F_NUMA_BALANCING\", \"MPOL_F_RELATIVE_NODES\", \"MPOL_F_STATIC_NODES\"" },
		{ LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-'}"),
		  "/linux/memoryPolicy/nodes: \"0-\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_FOO','soft':0,'hard':0}]"),
		  "/process/rlimits/0/type: \"RLIMIT_FOO\": must be one of \"RLIMIT_AS\", \"RLIMIT_CORE\", \"RLIMIT_CPU\", \"RLIMIT_DATA\", \"RLIMIT_FSIZE\", \"RLIMIT_LOCKS\", \"RLIMIT_MEMLOCK\", \"RLIMIT_MSGQUEUE\", \"RLIMIT_NICE\", \"RLIMIT_NOFILE\", \"RLIMIT_NPROC\", \"RLIMIT_RSS\", \"RLIMIT_RTPRIO\", \"RLIMIT_RTTIME\", \"RLIMIT_SIGPENDING\", \"RLIMIT_STACK\"" },
		{ PROCESS("'rlimits':[{'type':'NOFILE','soft':0,'hard':0}]"),
		  "/process/rlimits/0/type: \"NOFILE\": must be one of \"RLIMIT_AS\", \"RLIMIT_CORE\", \"RLIMIT_CPU\", \"RLIMIT_DATA\", \"RLIMIT_FSIZE\", \"RLIMIT_LOCKS\", \"RLIMIT_MEMLOCK\", \"RLIMIT_MSGQUEUE\", \"RLIMIT_NICE\", \"RLIMIT_NOFILE\", \"RLIMIT_NPROC\", \"RLIMIT_RSS\", \"RLIMIT_RTPRIO\", \"RLIMIT_RTTIME\", \"RLIMIT_SIGPENDING\", \"RLIMIT_STACK\"" },
		{ PROCESS("'scheduler':{'policy':'SCHED_FAIR'}"),
		  "/process/scheduler/policy: \"SCHED_FAIR\": must be one of \"SCHED_OTHER\", \"SCHED_FIFO\", \"SCHED_RR\", \"SCHED_BATCH\", \"SCHED_ISO\", \"SCHED_IDLE\", \"SCHED_DEADLINE\"" },
		{ PROCESS("'scheduler':{'policy':'SCHED_OTHER','flags':['SCHED_FLAG_RESET_ON_FORK','RECLAIM']}"),
		  "/process/scheduler/flags/1: \"RECLAIM\": must be one of \"SCHED_FLAG_RESET_ON_FORK\", \"SCHED_FLAG_RECLAIM\", \"SCHED_FLAG_DL_OVERRUN\", \"SCHED_FLAG_KEEP_POLICY\", \"SCHED_FLAG_KEEP_PARAMS\", \"SCHED_FLAG_UTIL_CLAMP_MIN\", \"SCHED_FLAG_UTIL_CLAMP_MAX\"" },
		{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_NONE','priority':0}"),
		  "/process/ioPriority/class: \"IOPRIO_CLASS_NONE\": must be one of \"IOPRIO_CLASS_RT\", \"IOPRIO_CLASS_BE\", \"IOPRIO_CLASS_IDLE\"" },
		{ PROCESS("'execCPUAffinity':{'initial':'0,'}"),
		  "/process/execCPUAffinity/initial: \"0,\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'execCPUAffinity':{'final':'3-1'}"),
		  "/process/execCPUAffinity/final: \"3-1\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'execCPUAffinity':{'final':'8192'}"),
		  "/process/execCPUAffinity/final: \"8192\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'execCPUAffinity':{'final':'99999999999999999999'}"),
		  "/process/execCPUAffinity/final: \"99999999999999999999\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'execCPUAffinity':{'final':'all'}"),
		  "/process/execCPUAffinity/final: \"all\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'execCPUAffinity':{'final':'0-1-2'}"),
		  "/process/execCPUAffinity/final: \"0-1-2\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ PROCESS("'execCPUAffinity':{'final':'1 2'}"),
		  "/process/execCPUAffinity/final: \"1 2\": must be a list such as \"0-3,7\" of numbers below 8192" },
		{ LINUX("'seccomp':{'defaultAction':'ALLOW'}"),
		  "/linux/seccomp/defaultAction: \"ALLOW\": must be one of \"SCMP_ACT_ALLOW\", \"SCMP_ACT_ERRNO\", \"SCMP_ACT_KILL\", \"SCMP_ACT_KILL_PROCESS\", \"SCMP_ACT_KILL_THREAD\", \"SCMP_ACT_LOG\", \"SCMP_ACT_NOTIFY\", \"SCMP_ACT_TRACE\", \"SCMP_ACT_TRAP\"" },
		{ SECCOMP("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_NATIVE']"),
		  "/linux/seccomp/architectures/1: \"SCMP_ARCH_NATIVE\": must be one of \"SCMP_ARCH_X86\", \"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X32\", \"SCMP_ARCH_ARM\", \"SCMP_ARCH_AARCH64\", \"SCMP_ARCH_LOONGARCH64\", \"SCMP_ARCH_M68K\", \"SCMP_ARCH_MIPS\", \"SCMP_ARCH_MIPS64\", \"SCMP_ARCH_MIPS64N32\", \"SCMP_ARCH_MIPSEL\", \"SCMP_ARCH_MIPSEL64\", \"SCMP_ARCH_MIPSEL64N32\", \"SCMP_ARCH_PARISC\", \"SCMP_ARCH_PARISC64\", \"SCMP_ARCH_PPC\", \"SCMP_ARCH_PPC64\", \"SCMP_ARCH_PPC64LE\", \"SCMP_ARCH_RISCV64\", \"SCMP_ARCH_S390\", \"SCMP_ARCH_S390X\", \"SCMP_ARCH_SH\", \"SCMP_ARCH_SHEB\"" },
		{ SECCOMP("'flags':['SECCOMP_FILTER_FLAG_NEW_LISTENER']"),
		  "/linux/seccomp/flags/0: \"SECCOMP_FILTER_FLAG_NEW_LISTENER\": must be one of \"SECCOMP_FILTER_FLAG_TSYNC\", \"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\", \"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':0,'op':'EQ'}]}]"),
		  "/linux/seccomp/syscalls/0/args/0/op: \"EQ\": must be one of \"SCMP_CMP_NE\", \"SCMP_CMP_LT\", \"SCMP_CMP_LE\", \"SCMP_CMP_EQ\", \"SCMP_CMP_GE\", \"SCMP_CMP_GT\", \"SCMP_CMP_MASKED_EQ\"" },
		{ CONFIG("'windows':{'layerFolders':['a'],'devices':[{'id':'a','idType':'b'}]}"),
		  "/windows/devices/0/idType: \"b\": must be one of \"class\"" },
		{ CONFIG("'vm':{'kernel':{'path':'a'},'image':{'path':'b','format':'iso'}}"),
		  "/vm/image/format: \"iso\": must be one of \"raw\", \"qcow2\", \"vdi\", \"vmdk\", \"vhd\"" },
		{ CONFIG("'zos':{'namespaces':[{'type':'network'}]}"),
		  "/zos/namespaces/0/type: \"network\": must be one of \"mount\", \"pid\", \"uts\", \"ipc\"" },
		{ CONFIG("'freebsd':{'jail':{'host':'disable'}}"),
		  "/freebsd/jail/host: \"disable\": must be one of \"new\", \"inherit\"" },
		{ CONFIG("'freebsd':{'jail':{'enforceStatfs':256}}"),
		  "/freebsd/jail/enforceStatfs: 256: must be an integer from 0 to 255" },
		{ CONFIG("'solaris':{'cappedCPU':{'ncpus':8}}"), "/solaris/cappedCPU/ncpus: 8: must be a string" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_missing(void **state)
{
	static const struct bad rows[] = {
		{ "{}", "/ociVersion: missing, but required" },
		{ "{'ociVersion':null}", "/ociVersion: missing, but required" },
		{ CONFIG("'root':{}"), "/root/path: missing, but required" },
		{ CONFIG("'process':{}"), "/process/cwd: missing, but required" },
		{ PROCESS("'user':{}"), "/process/user/uid: missing, but required" },
		{ PROCESS("'user':{'uid':1}"), "/process/user/gid: missing, but required" },
		{ PROCESS("'consoleSize':{'height':1}"), "/process/consoleSize/width: missing, but required" },
		{ PROCESS("'consoleSize':{'width':1}"), "/process/consoleSize/height: missing, but required" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':0}]"), "/process/rlimits/0/hard: missing, but required" },
		{ PROCESS("'rlimits':[{'type':'RLIMIT_CORE','hard':0}]"), "/process/rlimits/0/soft: missing, but required" },
		{ PROCESS("'ioPriority':{'priority':1}"), "/process/ioPriority/class: missing, but required" },
		{ PROCESS("'rlimits':[{'hard':1,'soft':0}]"), "/process/rlimits/0/type: missing, but required" },
		{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE'}"), "/process/ioPriority/priority: missing, but required" },
		{ PROCESS("'scheduler':{'nice':1}"), "/process/scheduler/policy: missing, but required" },
		{ CONFIG("'mounts':[{'destination':'/a'},{'type':'proc'}]"), "/mounts/1/destination: missing, but required" },
		{ CONFIG("'mounts':[{'destination':null}]"), "/mounts/0/destination: missing, but required" },
		{ CONFIG("'hooks':{'poststart':[{'path':'/a'},{'args':['a']}]}"),
		  "/hooks/poststart/1/path: missing, but required" },
		{ LINUX("'namespaces':[{'path':'/proc/1/ns/net'}]"), "/linux/namespaces/0/type: missing, but required" },
		{ LINUX("'uidMappings':[{'hostID':0,'size':1}]"), "/linux/uidMappings/0/containerID: missing, but required" },
		{ LINUX("'uidMappings':[{'containerID':0,'size':1}]"), "/linux/uidMappings/0/hostID: missing, but required" },
		{ LINUX("'gidMappings':[{'hostID':0,'size':1}]"), "/linux/gidMappings/0/containerID: missing, but required" },
		{ LINUX("'gidMappings':[{'containerID':0,'hostID':0}]"), "/linux/gidMappings/0/size: missing, but required" },
		{ LINUX("'devices':[{'path':'/dev/a','major':1,'minor':1}]"), "/linux/devices/0/type: missing, but required" },
		{ LINUX("'devices':[{'type':'c','major':1,'minor':1}]"), "/linux/devices/0/path: missing, but required" },
		{ LINUX("'devices':[{'type':'c','path':'/dev/a','minor':1}]"),
		  "/linux/devices/0/major: missing, but required for a device of type c" },
		{ LINUX("'devices':[{'type':'b','path':'/dev/a','major':1}]"),
		  "/linux/devices/0/minor: missing, but required for a device of type b" },
		{ LINUX("'devices':[{'type':'u','path':'/dev/a'}]"),
		  "/linux/devices/0/major: missing, but required for a device of type c" },
		{ LINUX("'memoryPolicy':{'nodes':'0'}"), "/linux/memoryPolicy/mode: missing, but required" },
		{ LINUX("'personality':{}"), "/linux/personality/domain: missing, but required" },
		{ LINUX("'seccomp':{}"), "/linux/seccomp/defaultAction: missing, but required" },
		{ SECCOMP("'syscalls':[{'action':'SCMP_ACT_LOG'}]"), "/linux/seccomp/syscalls/0/names: missing, but required" },
		{ SECCOMP("'syscalls':[{'names':['a']}]"), "/linux/seccomp/syscalls/0/action: missing, but required" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'value':0,'op':'SCMP_CMP_EQ'}]}]"),
		  "/linux/seccomp/syscalls/0/args/0/index: missing, but required" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'op':'SCMP_CMP_EQ'}]}]"),
		  "/linux/seccomp/syscalls/0/args/0/value: missing, but required" },
		{ SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':0}]}]"),
		  "/linux/seccomp/syscalls/0/args/0/op: missing, but required" },
		{ RESOURCES("'devices':[{'type':'c'}]"), "/linux/resources/devices/0/allow: missing, but required" },
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB'}]"),
		  "/linux/resources/hugepageLimits/0/limit: missing, but required" },
		{ RESOURCES("'hugepageLimits':[{'limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: missing, but required" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'minor':1,'weight':10}]}"),
		  "/linux/resources/blockIO/weightDevice/0/major: missing, but required" },
		{ RESOURCES("'blockIO':{'throttleWriteBpsDevice':[{'minor':1,'rate':1}]}"),
		  "/linux/resources/blockIO/throttleWriteBpsDevice/0/major: missing, but required" },
		{ RESOURCES("'blockIO':{'throttleReadIOPSDevice':[{'major':1,'rate':1}]}"),
		  "/linux/resources/blockIO/throttleReadIOPSDevice/0/minor: missing, but required" },
		{ RESOURCES("'blockIO':{'throttleWriteIOPSDevice':[{'major':1,'minor':1}]}"),
		  "/linux/resources/blockIO/throttleWriteIOPSDevice/0/rate: missing, but required" },
		{ RESOURCES("'network':{'priorities':[{'priority':1}]}"),
		  "/linux/resources/network/priorities/0/name: missing, but required" },
		{ RESOURCES("'blockIO':{'weightDevice':[{'major':1,'weight':10}]}"),
		  "/linux/resources/blockIO/weightDevice/0/minor: missing, but required" },
		{ RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':1,'minor':1}]}"),
		  "/linux/resources/blockIO/throttleReadBpsDevice/0/rate: missing, but required" },
		{ RESOURCES("'network':{'priorities':[{'name':'eth0'}]}"),
		  "/linux/resources/network/priorities/0/priority: missing, but required" },
		{ CONFIG("'windows':{}"), "/windows/layerFolders: missing, but required" },
		{ CONFIG("'windows':{'layerFolders':[]}"), "/windows/layerFolders: must have at least one entry" },
		{ CONFIG("'vm':{}"), "/vm/kernel: missing, but required" },
		{ CONFIG("'vm':{'kernel':{}}"), "/vm/kernel/path: missing, but required" },
	};

	(void)state;
	EXPECT_BAD(rows);
}

static void test_good(void **state)
{
	static const char *const rows[] = {
		"{'ociVersion':'1.3.0'}",
		/* unknown properties, at every level */
		CONFIG("'x':1,'linux':{'x':{},'resources':{'x':[],'memory':{'x':null}},'namespaces':[{'type':'pid','x':'y'}]}"),
		/* names are exact: another case is another, unknown property */
		CONFIG("'Process':1,'LINUX':2"),
		PROCESS("'user':{'uid':0,'gid':4294967294,'umask':511}"),
		PROCESS("'execCPUAffinity':{'initial':'','final':' 0 - 3 , 7 '}"),
		PROCESS("'terminal':true,'consoleSize':{'height':0,'width':65535}"),
		PROCESS("'consoleSize':{'height':65536,'width':4294967296}"),
		LINUX("'devices':[{'type':'p','path':'/dev/a','fileMode':511},{'type':'p','path':'/dev/b','major':0}]"),
		/* the file type of stat(2) left in the mode */
		LINUX("'devices':[{'type':'b','path':'/dev/a','major':1,'minor':1,'fileMode':25008}]"),
		LINUX("'timeOffsets':{}"),
		LINUX("'memoryPolicy':{'mode':'MPOL_PREFERRED'}"),
		RESOURCES("'cpu':{'cpus':'','mems':''},'pids':{},'network':{},'blockIO':{}"),
		RESOURCES("'memory':{'limit':-0}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_good(spec_parse, rows[i]);
}

/* exec --process and update --resources: paths start at the object. */
static void test_parts(void **state)
{
	static const struct bad process[] = {
		{ "{}", "/cwd: missing, but required" },
		{ "{'cwd':'a'}", "/cwd: \"a\": must be an absolute path" },
		{ "{'cwd':'/','user':{'uid':0,'gid':true}}", "/user/gid: true: must be an integer from 0 to 4294967294" },
		{ "{'cwd':'/','env':['A=b','C']}", "/env/1: \"C\": must have the form NAME=value" },
		{ "[]", "/: the document must be an object" },
	};
	static const struct bad resources[] = {
		{ "{'memory':{'limit':'1'}}", "/memory/limit: \"1\": must be -1 (unlimited) or a number of bytes" },
		{ "{'cpu':{'quota':100,'burst':101}}", "/cpu/burst: 101: must not be larger than the quota 100" },
	};
	struct spec _cleanup_spec_ spec = { 0 };

	(void)state;
	expect_all_bad(spec_parse_process, process, sizeof process / sizeof *process);
	expect_all_bad(spec_parse_resources, resources, sizeof resources / sizeof *resources);
	expect_bad(spec_parse_resources, "{\"memory\":{\"swappiness\":1}}", 27, ENOTSUP,
	           "/memory/swappiness: cgroup v1 only: in cgroup v2, there is no swappiness of a cgroup");
	assert_int_equal(spec_parse_resources(&spec, "{\"pids\":{\"limit\":7}}", 20), 0);
	assert_true(spec.linux_.resources.set && spec.linux_.resources.pids_limit.set);
	assert_int_equal(spec.linux_.resources.pids_limit.value, 7);
	expect_good(spec_parse_process, "{'cwd':'/','args':['a']}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
