/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of RC4 in 1 to 8 lanes, for x86-64 with SSE4.1 and the System V calling convention. In assembly because
 * a step is three loads and two stores, which is what limits it, and every instruction that a compiler adds shows; with j
 * of eight lanes in registers there is none left over for one anyway.
 *
 *   rdi       struct rc4_lanes; all else is at fixed offsets from it, since lanes lie at a fixed stride
 *   rsi       i of all lanes at the begin of a block of 16
 *   r8..r15   j of lanes 0..7, the upper bits always 0
 *   eax, edx  S[i] and S[j] of the step at work
 *   xmm0..7   the block's key stream of each lane, byte by byte
 *
 * i is a constant distance from rsi in each of a block's steps, so no instruction is spent on it. The 16th step's i
 * may wrap, so rsi goes on before it.
 */
#ifdef __x86_64__

/* struct rc4_lane; rc4_lanes_x86.c asserts them */
#define LANE 320
#define KEY 256
#define J 272
#define ORIGIN 280
#define OUT 288
#define DONE 296
#define END 304

	.text

/* Once for each of n lanes: do lane, j, j's low byte, xmm, the origin's place, pos */
.macro each_lane n, do, pos=0
	\do 0, %r8, %r8b, %xmm0, %bl, \pos
.if \n > 1
	\do 1, %r9, %r9b, %xmm1, %bh, \pos
.endif
.if \n > 2
	\do 2, %r10, %r10b, %xmm2, %cl, \pos
.endif
.if \n > 3
	\do 3, %r11, %r11b, %xmm3, %ch, \pos
.endif
.if \n > 4
	\do 4, %r12, %r12b, %xmm4, %bpl, \pos
.endif
.if \n > 5
	\do 5, %r13, %r13b, %xmm5, LANE*5+ORIGIN(%rdi), \pos
.endif
.if \n > 6
	\do 6, %r14, %r14b, %xmm6, LANE*6+ORIGIN(%rdi), \pos
.endif
.if \n > 7
	\do 7, %r15, %r15b, %xmm7, LANE*7+ORIGIN(%rdi), \pos
.endif
.endm

.macro function name
	.globl \name
	.hidden \name
	.type \name, @function
	.p2align 6
\name:
	.cfi_startproc
.irp reg, rbx, rbp, r12, r13, r14, r15
	push %\reg
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %\reg, 0
.endr
.endm

.macro end name
.irp reg, r15, r14, r13, r12, rbp, rbx
	pop %\reg
	.cfi_adjust_cfa_offset -8
	.cfi_restore %\reg
.endr
	ret
	.cfi_endproc
	.size \name, . - \name
.endm

.macro load_j lane, j, jb, xmm, origin, pos
	mov LANE*\lane+J(%rdi), \j
.endm

.macro load_origin lane, j, jb, xmm, origin, pos
.if \lane < 5
	mov LANE*\lane+ORIGIN(%rdi), %dl
	mov %dl, \origin
.endif
.endm

.macro take_out lane, j, jb, xmm, origin, pos
	mov 8*\lane(%rcx), %rax
	mov %rax, LANE*\lane+OUT(%rdi)
.endm

.macro store_j lane, j, jb, xmm, origin, pos
	mov \j, LANE*\lane+J(%rdi)
.endm

.macro zero_j lane, j, jb, xmm, origin, pos
	xor \j, \j
.endm

/* i = j = origin = 0: ready for the stream */
.macro store_begun lane, j, jb, xmm, origin, pos
	movq $0, LANE*\lane+J(%rdi)
	movb $0, LANE*\lane+ORIGIN(%rdi)
.endm

/* out[lane][at the offset on the stack] */
.macro store_block lane, j, jb, xmm, origin, pos
	mov LANE*\lane+OUT(%rdi), %rdx
	movdqu \xmm, (%rdx,%rax)
.endm

.macro store_identity lane, j, jb, xmm, origin, pos
	movdqa %xmm0, LANE*\lane(%rdi,%rsi)
.endm

/* --- key stream ---------------------------------------------------------------------------------- */

.macro stream_index lane, j, jb, pos
	movzbl LANE*\lane+(\pos & 15)(%rdi,%rsi), %eax
	add %al, \jb
	movzbl LANE*\lane(%rdi,\j), %edx
	mov %al, LANE*\lane(%rdi,\j)
	mov %dl, LANE*\lane+(\pos & 15)(%rdi,%rsi)
	add %al, %dl
.endm

.macro stream_step lane, j, jb, xmm, origin, pos
	stream_index \lane, \j, \jb, \pos
	pinsrb $(\pos - 1), LANE*\lane(%rdi,%rdx), \xmm
.endm

/* S lies turned by origin, and so does what is looked up in it. */
.macro resume_step lane, j, jb, xmm, origin, pos
	stream_index \lane, \j, \jb, \pos
	sub \origin, %dl
	pinsrb $(\pos - 1), LANE*\lane(%rdi,%rdx), \xmm
.endm

/*
 * void rc4_steps_<name>_<n>(struct rc4_lanes *l, unsigned int at, unsigned int n_blocks, uint8_t *const out[])
 *
 * What does not fit the registers lies in the lanes, not on the stack: see struct rc4_lane.
 */
.macro stream_function name, step, n, n_unrolled
	function rc4_steps_\name\()_\n
	test %edx, %edx
	jz 2f
	shl $4, %edx
	mov %rdx, END(%rdi)
	movq $0, DONE(%rdi)
	each_lane \n, take_out
	movzbl %sil, %esi
	each_lane \n, load_j
.ifc \name, resume
	each_lane \n, load_origin
.endif
	.p2align 5
1:
.rept \n_unrolled
.irp pos, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	each_lane \n, \step, \pos
.endr
	add $16, %sil
	each_lane \n, \step, 16
	mov DONE(%rdi), %rax
	each_lane \n, store_block
	add $16, %rax
	mov %rax, DONE(%rdi)
	cmp END(%rdi), %rax
	jae 3f
.endr
	jmp 1b
3:
	each_lane \n, store_j
2:
	end rc4_steps_\name\()_\n
.endm

.macro stream_functions n, n_unrolled
	stream_function stream, stream_step, \n, \n_unrolled
	stream_function resume, resume_step, \n, \n_unrolled
.endm

/* One lane alone is a tenth faster with four blocks a turn, seemingly because the core remembers by the place in the code
 * which loads of S[i] it once took too early. From two lanes on it makes no difference. */
	stream_functions 1, 4
.irp n, 2, 3, 4, 5, 6, 7, 8
	stream_functions \n, 1
.endr

/* --- key schedule -------------------------------------------------------------------------------- */

.macro identity n
	movdqa .Lfirst_16(%rip), %xmm0
	movdqa .Lall_16(%rip), %xmm1
	xor %esi, %esi
1:
	each_lane \n, store_identity
	paddb %xmm1, %xmm0
	add $16, %esi
	cmp $256, %esi
	jb 1b
.endm

.macro begin_step lane, j, jb, xmm, origin, pos
	movzbl LANE*\lane+\pos(%rdi,%rsi), %eax
	add LANE*\lane+KEY+\pos(%rdi), \jb
	add %al, \jb
	movzbl LANE*\lane(%rdi,\j), %edx
	mov %al, LANE*\lane(%rdi,\j)
	mov %dl, LANE*\lane+\pos(%rdi,%rsi)
.endm

/* void rc4_steps_begin_<n>(struct rc4_lanes *l) */
.macro begin_function n
	function rc4_steps_begin_\n
	identity \n
	each_lane \n, zero_j
	xor %esi, %esi
	.p2align 5
1:
.irp pos, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	each_lane \n, begin_step, \pos
.endr
	add $16, %esi
	cmp $256, %esi
	jb 1b
	each_lane \n, store_begun
	end rc4_steps_begin_\n
.endm

.irp n, 2, 3, 4, 5, 6, 7, 8
	begin_function \n
.endr

/*
 * One lane has nothing to do while it waits, and where S[i + 1] is loaded before it is known that S[j] just stored it,
 * the core takes back all that it did since. So S[i] is loaded three steps ahead, by an address that waits for j, which
 * the core cannot guess wrong, and what the two stores to S[j] since then changed is put right in the register.
 *
 *   a, b, c, d  registers that hold S[i], S[i + 1], S[i + 2], and get S[i + 3]: each step they change places
 *   ebx         j
 *   esi         i + 1
 *   r14         address of S[i of the block]
 *
 * The last steps load up to three bytes beyond S, the key's, and nobody uses them.
 */
.macro ahead_step pos, a, b, c, d
	add KEY+\pos(%rdi), %bl
	add %\a\()b, %bl
	movzbl (%rdi,%rbx), %edx
	mov %\a\()b, (%rdi,%rbx)
	mov %dl, \pos(%r14)
	mov %ebx, %eax
	shr $8, %eax		/* 0, but not before j is known */
	movzbl \pos+3(%r14,%rax), %\d\()d
	cmp %sil, %bl
	cmove %\a\()d, %\b\()d
	inc %sil
	cmp %sil, %bl
	cmove %\a\()d, %\c\()d
.endm

	function rc4_steps_begin_1
	identity 1
	xor %ebx, %ebx
	xor %r8d, %r8d
	mov $1, %r9d
	mov $2, %r10d
	mov $1, %esi
	mov %rdi, %r14
	lea 256(%rdi), %r15
	.p2align 5
1:
.irp pos, 0, 4, 8, 12
	ahead_step \pos, r8, r9, r10, r11
	ahead_step (\pos+1), r9, r10, r11, r8
	ahead_step (\pos+2), r10, r11, r8, r9
	ahead_step (\pos+3), r11, r8, r9, r10
.endr
	add $16, %r14
	cmp %r15, %r14
	jb 1b
	each_lane 1, store_begun
	end rc4_steps_begin_1

	.section .rodata
	.p2align 4
.Lfirst_16:
	.byte 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
.Lall_16:
	.fill 16, 1, 16

#endif

	.section .note.GNU-stack, "", %progbits
