/* guest: process 1 of the virtual machine that qemu.bats boots in a container: tells so, and turns it off. */
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(void)
{
	struct utsname u;

	uname(&u);
	printf("booted %s %s as %d\n", u.sysname, u.release, (int)getpid());
	fflush(stdout);
	return reboot(RB_POWER_OFF);
}
