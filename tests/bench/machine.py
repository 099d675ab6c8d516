"""Which machine and which programs were measured; nothing that names the host."""
import datetime
import hashlib
import os
import platform
import re
import struct
import subprocess


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())


def memory_gib():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def describe():
    """As it is now: to be asked before the measuring begins, for the load."""
    return {
        "processor": processor(), "processors": os.cpu_count(), "memory_gib": memory_gib(), "architecture": platform.machine(),
        "kernel": re.match(r"[0-9.]*[0-9]", platform.release())[0], "load_at_begin": round(os.getloadavg()[0], 2),
        "when": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def text(machine):
    return (f"{machine['processor']}, {machine['processors']} processors, {machine['memory_gib']} GiB, {machine['architecture']}, "
            f"Linux {machine['kernel']}, load {machine['load_at_begin']} at the beginning, {machine['when']}")


def program(path):
    """Version, hash, build id and size of a program, and whether it needs another file or has symbols."""
    with open(path, "rb") as file:
        content = file.read()
    version = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]
    segments, sections = elf_tables(content)
    return {
        "version": version, "sha256": hashlib.sha256(content).hexdigest(), "build_id": build_id(content, segments), "bytes": len(content),
        "static": PT_INTERP not in [kind for kind, _, _ in segments], "stripped": SHT_SYMTAB not in sections,
    }


PT_INTERP, PT_NOTE, SHT_SYMTAB, NT_GNU_BUILD_ID = 3, 4, 2, 3


def elf_tables(content):
    """Of a 64-bit program: its segments (type, offset, size), and the types of its sections."""
    phoff, shoff = struct.unpack_from("<QQ", content, 32)
    phentsize, phnum, shentsize, shnum = struct.unpack_from("<HHHH", content, 54)
    segments = [struct.unpack_from("<I4xQ16xQ", content, phoff + number * phentsize) for number in range(phnum)]
    return segments, [struct.unpack_from("<I", content, shoff + number * shentsize + 4)[0] for number in range(shnum)]


def build_id(content, segments):
    for kind, offset, size in segments:
        end = offset + size
        while kind == PT_NOTE and offset < end:
            name_size, data_size, note = struct.unpack_from("<III", content, offset)
            data = offset + 12 + (name_size + 3) // 4 * 4
            if note == NT_GNU_BUILD_ID and content[offset + 12:offset + 16] == b"GNU\0":
                return content[data:data + data_size].hex()
            offset = data + (data_size + 3) // 4 * 4
    return None
