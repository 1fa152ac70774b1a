/* Sender, receiver and lossy link of one channel: spec/delivery.md. One step of this process is one step of a peer, of a frame, or of
   fate. Everything that may happen is bounded, so that every run ends: a run that cannot go on is a deadlock, and a run that ends is
   held to the promise by the assertions of judge.

   Each rule can be taken away: -DNOEPOCH -DNONONCE -DNOFLAG -DACKTAKEN -DNOGAP -DGAPJUMP -DNOCHECK -DNOWAIT -DNOWINDOW -DFREESENT
   -DNOCUT -DNODEDUP. Then spin has to find a run that fails. -DPLAIN: the receiver's process loses its cursor, and not its effects. */

#ifndef VALS
#define VALS 3    /* values that are appended */
#endif
#ifndef CUTS
#define CUTS 2
#endif
#ifndef SCRASH
#define SCRASH 1  /* ends of the sender's process */
#endif
#ifndef RCRASH
#define RCRASH 1  /* ends of the receiver's process */
#endif
#ifndef DROPS
#define DROPS 1   /* records that the sender drops before it has sent them */
#endif
#define WINDOW 3
#define TOP (VALS + 2)

#ifdef NOWAIT
#define MAY_ANSWER true
#else
#define MAY_ANSWER (p_bits == 0)
#endif

#ifdef NOWINDOW
#define IN_WINDOW true
#else
#define IN_WINDOW (s_nx <= s_stable + WINDOW)
#endif

#define BIT(n) (1 << (n))
#define IN(set, n) (((set) >> (n)) & 1)

mtype = { OPEN, REC, GAPF, ACC, ACK };
chan sr = [3] of { mtype, byte, byte, byte }; /* to the receiver */
chan rs = [2] of { mtype, byte, byte, byte }; /* to the sender */

/* The sender. Its queue, numbers and lineage are durable. */
byte s_state;            /* 0 detached, 1 OPEN sent, 2 ACCEPT received */
byte s_chan = 1, s_next = 1, s_stable, s_nx, s_dup;
short s_has;             /* numbers of which there is a record */
short s_skip;            /* ranges of ACCEPT */
byte s_val[TOP];         /* the value of a number */
byte l_n = 1, l_nonce[4], l_first[4];

/* A backup of the sender. */
bool b_is;
byte b_next, b_stable, b_n;
short b_has;

/* The receiver. */
bool r_known, r_live;
byte r_chan, r_stable, r_acked, r_exp, r_dup;
short r_bits;            /* above stable */
byte rl_n, rl_nonce[4], rl_first[4];
short p_bits, p_gap, p_dup; /* with the sink: numbers, those that are gaps, those with POSSIBLE_DUP */
byte p_val[TOP];

/* What is remembered of values, and the budget of fate. */
byte v_n, nonces;
byte v_chan[TOP];
short v_applied, v_lost, v_gapped, v_forgotten;
byte check_chan;         /* greatest channel whose creation has raised a CHECK */
bool link;
byte cuts = CUTS, scrash = SCRASH, rcrash = RCRASH, drops = DROPS;

byte i, j, n, v, point, common, f_a, f_b, f_c; /* scratch, zero between steps */
short bits;

inline flush() {
	do
	:: nempty(sr) -> sr ? _, _, _, _
	:: empty(sr) -> break
	od;
	do
	:: nempty(rs) -> rs ? _, _, _, _
	:: empty(rs) -> break
	od;
	link = false; s_state = 0; s_nx = 0; s_skip = 0; s_dup = 0
}

inline unlink() { /* the receiver's side */
	r_live = false; r_acked = 0; r_exp = 0
}

inline settle() {
	do
	:: IN(r_bits, r_stable + 1) -> r_stable++; r_bits = r_bits & ~BIT(r_stable)
	:: else -> break
	od
}

/* free forgets what is stable. */
inline free(upto) {
	do
	:: s_stable < upto -> s_stable++; s_has = s_has & ~BIT(s_stable)
	:: else -> break
	od
}

/* position finds the row of the table. f_a is next, f_b stable of OPEN. */
inline position() {
	if
	:: !r_known || r_chan != s_chan -> /* row 4 */
		r_known = true; r_chan = s_chan; r_stable = f_b; r_bits = 0; r_dup = f_a - 1;
#ifndef NOCHECK
		check_chan = s_chan;
#endif
		skip
	:: else ->
#ifndef NOEPOCH
		common = 0; i = rl_n;
		do
		:: i == 0 || common != 0 -> break
		:: else ->
			i--;
			if
			:: i < l_n && rl_nonce[i] == l_nonce[i] -> common = i + 1
			:: else
			fi
		od;
		if
		:: common == 0 -> r_stable = f_b; r_bits = 0; r_dup = f_a - 1 /* row 5 */
		:: else ->
			point = f_a - 1;
			if
			:: common < l_n -> point = l_first[common] - 1
			:: else
			fi;
			if
			:: common < rl_n && rl_first[common] - 1 < point -> point = rl_first[common] - 1
			:: else
			fi;
#ifndef NOCUT
			if
			:: r_stable > point -> r_stable = point
			:: else
			fi;
			r_bits = r_bits & (BIT(point + 1) - 1); /* row 6 */
#endif
			if
			:: r_dup > point -> r_dup = point
			:: else
			fi
		fi;
		i = 0; common = 0; point = 0
#else
		skip
#endif
	fi;
	rl_n = l_n; i = 0;
	do
	:: i < 4 -> rl_nonce[i] = l_nonce[i]; rl_first[i] = l_first[i]; i++
	:: else -> break
	od;
	i = 0
}

/* begin adds the entry of a process that starts. */
inline begin(nonce) {
	l_nonce[l_n] = nonce; l_first[l_n] = s_next; l_n++
}

/* commit makes number n durable. */
inline commit() {
	v = p_val[n];
	if
	:: IN(p_gap, n) -> v_gapped = v_gapped | BIT(v)
	:: else ->
		assert(!IN(v_applied, v) || IN(p_dup, n)); /* no repeat without POSSIBLE_DUP */
		v_applied = v_applied | BIT(v)
	fi;
#ifdef GAPJUMP
	if
	:: IN(p_gap, n) && n > r_stable -> r_stable = n; r_bits = r_bits & ~(BIT(n + 1) - 1)
	:: else
	fi;
#endif
	if
	:: n > r_stable -> r_bits = r_bits | BIT(n)
	:: else
	fi;
	settle();
	p_bits = p_bits & ~BIT(n); p_gap = p_gap & ~BIT(n); p_dup = p_dup & ~BIT(n); p_val[n] = 0;
	v = 0; n = 0
}

/* judge holds a run that has come to rest to the promise. */
inline judge() {
	v = 1;
	do
	:: v > v_n -> break
	:: else ->
		assert(IN(v_applied, v) || IN(v_forgotten, v) || IN(v_lost, v));                                        /* no silent loss */
		assert(IN(v_applied, v) || IN(v_forgotten, v) || IN(v_gapped, v) || check_chan > v_chan[v]);           /* none without GAP or CHECK */
		v++
	od
}

active proctype life() {
	nonces = 1; l_nonce[0] = 1; l_first[0] = 1;
	do
	/* The sender. */
	:: d_step { v_n < VALS -> v_n++; s_val[s_next] = v_n; v_chan[v_n] = s_chan; s_has = s_has | BIT(s_next); s_next++ }
	:: d_step { !link && s_state == 0 -> link = true; s_state = 1; sr ! OPEN, s_next, s_stable, 0 }
	:: atomic { s_state == 2 && s_nx < s_next && IN(s_skip, s_nx) -> s_nx++ }
	:: d_step { s_state == 2 && s_nx < s_next && len(sr) < 3 && IN_WINDOW && (!IN(s_skip, s_nx) || IN(s_has, s_nx)) -> /* ranges may be sent again */
		if
		:: IN(s_has, s_nx) ->
#ifndef NOFLAG
			sr ! REC, s_nx, s_val[s_nx], (s_nx <= s_dup)
#else
			sr ! REC, s_nx, s_val[s_nx], 0
#endif
		:: else ->
#ifndef NOGAP
			sr ! GAPF, s_nx, s_val[s_nx], 0
#else
			skip
#endif
		fi;
		s_nx++;
#ifdef FREESENT
		f_a = s_nx - 1; free(f_a); f_a = 0
#endif
		}
	:: d_step { drops > 0 && s_state == 2 && s_nx < s_next && IN(s_has, s_nx) ->
		drops--; s_has = s_has & ~BIT(s_nx); v_lost = v_lost | BIT(s_val[s_nx]) }
	:: d_step { rs ? [ACC, _, _, _] -> rs ? ACC, f_a, bits, f_c;
		assert(f_a < s_next && f_c < s_next);
		free(f_a);
		s_state = 2; s_nx = f_a + 1; s_skip = bits; s_dup = f_c;
		f_a = 0; f_c = 0; bits = 0 }
	:: d_step { rs ? [ACK, _, _, _] -> rs ? ACK, f_a, _, _;
		assert(f_a < s_nx || IN(s_skip, f_a)); /* never more than was covered */
		free(f_a); f_a = 0 }

	/* The receiver. */
	:: d_step { MAY_ANSWER && sr ? [OPEN, _, _, _] -> sr ? OPEN, f_a, f_b, _;
		position();
		r_live = true; r_acked = r_stable; r_exp = r_stable + 1;
		if
		:: r_dup > r_stable -> f_c = r_dup
		:: else
		fi;
		rs ! ACC, r_stable, r_bits, f_c;
		f_a = 0; f_b = 0; f_c = 0 }
	:: d_step { sr ? [REC, _, _, _] -> sr ? REC, f_a, f_b, f_c;
#ifndef NOGAP
		do
		:: (r_exp <= r_stable || IN(r_bits, r_exp)) && r_exp < f_a -> r_exp++
		:: else -> break
		od;
		assert(r_exp == f_a || IN(r_bits, f_a)); /* in order, without holes */
#endif
		assert(f_a <= r_stable + WINDOW);
		r_exp = f_a + 1;
		if
#ifndef NODEDUP
		:: f_a <= r_stable || IN(r_bits, f_a) -> skip
#endif
		:: else -> p_bits = p_bits | BIT(f_a); p_val[f_a] = f_b; p_dup = p_dup | (f_c << f_a)
		fi;
		f_a = 0; f_b = 0; f_c = 0 }
	:: d_step { sr ? [GAPF, _, _, _] -> sr ? GAPF, f_a, f_b, _;
		r_exp = f_a + 1;
		p_bits = p_bits | BIT(f_a); p_gap = p_gap | BIT(f_a); p_val[f_a] = f_b;
		f_a = 0; f_b = 0 }
	:: d_step { IN(p_bits, 1) -> n = 1; commit() }
	:: d_step { IN(p_bits, 2) -> n = 2; commit() }
	:: d_step { IN(p_bits, 3) -> n = 3; commit() }
	:: d_step { IN(p_bits, 4) -> n = 4; commit() }
#ifndef ACKTAKEN
	:: d_step { r_live && r_stable > r_acked && len(rs) < 2 -> r_acked = r_stable; rs ! ACK, r_acked, 0, 0 }
#else
	:: d_step { r_live && r_exp - 1 > r_acked && len(rs) < 2 -> r_acked = r_exp - 1; rs ! ACK, r_acked, 0, 0 }
#endif

	/* Fate. */
	:: d_step { link && cuts > 0 -> cuts--; flush(); unlink() }
	:: d_step { rcrash > 0 -> rcrash--; flush(); unlink(); p_bits = 0; p_gap = 0; p_dup = 0;
		n = 0;
		do
		:: n < TOP -> p_val[n] = 0; n++
		:: else -> break
		od;
		n = 0;
#ifdef PLAIN
		r_known = false; r_stable = 0; r_bits = 0; r_dup = 0
#endif
		}
	:: d_step { scrash > 0 && !b_is -> b_is = true; b_next = s_next; b_stable = s_stable; b_has = s_has; b_n = l_n }
	:: d_step { scrash > 0 -> scrash--; flush(); unlink(); nonces++; begin(nonces) } /* the process starts again */
	:: d_step { scrash > 0 && s_has != 0 -> scrash--; flush(); unlink();             /* and has lost its records */
		n = 1;
		do
		:: n >= s_next -> break
		:: else ->
			if
			:: IN(s_has, n) -> v_lost = v_lost | BIT(s_val[n])
			:: else
			fi;
			n++
		od;
		s_has = 0; n = 0; nonces++; begin(nonces) }
	:: d_step { scrash > 0 && b_is && s_next > b_next -> scrash--; flush(); unlink(); /* and is a restored backup */
		n = b_next;
		do
		:: n >= s_next -> break
		:: else -> v_forgotten = v_forgotten | BIT(s_val[n]); s_val[n] = 0; n++
		od;
		n = 0; s_next = b_next; s_stable = b_stable; s_has = b_has; l_n = b_n;
#ifdef NONONCE
		begin(0)
#else
		nonces++; begin(nonces)
#endif
		}
	:: d_step { scrash > 0 && s_next > 1 -> scrash--; flush(); unlink(); /* and has lost everything */
		n = 1;
		do
		:: n >= s_next -> break
		:: else ->
			if
			:: IN(s_has, n) -> v_lost = v_lost | BIT(s_val[n])
			:: else
			fi;
			s_val[n] = 0; n++
		od;
		n = 0; s_chan++; s_next = 1; s_stable = 0; s_has = 0; b_is = false;
		l_n = 0; nonces++; begin(nonces) }

	/* The end. */
	:: atomic { s_state == 2 && v_n == VALS && s_nx == s_next && s_stable == s_next - 1 && p_bits == 0 && len(sr) == 0 && len(rs) == 0 ->
		judge(); break }
	od
}
