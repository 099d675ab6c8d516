# A workload that waits until it is killed.
# gcc -nostdlib -static pause.S -o pause
.globl _start
_start:	mov $34, %eax
	syscall
	jmp _start
.section .note.GNU-stack,"",@progbits
