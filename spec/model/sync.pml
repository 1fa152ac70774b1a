/* One session of sync: spec/sync.md. Five writes: 0 is somebody else's, and stands first in every log; 1 and 2 are the initiator's, 3 and 4
   the responder's. 1 and 3 are there at the beginning; the others come at any time, or never. Each belongs to one of two objects, and none replaces
   another: so a store must have every write that its clock has. The link keeps order and may be cut at any time.

   Each rule can be taken away: -DECHO -DLATECLOCK -DCLAIMBAD -DSKIPNEW -DEARLY -DNOREAD -DNOCOUNT -DSOONLAST -DBLINDLAST. Then spin has to find a run that fails.
   -DNOSINCE: the session begins with CHECK. -DNOLAST: an initiator that does without LAST. START is left out: it changes no store, and what it says
   decides only whether SINCE and CHECK come. */

#ifndef W2
#define W2 false /* whether the initiator's second write may come */
#endif
#ifndef W4
#define W4 true  /* whether the responder's may */
#endif
#ifndef CUTS
#define CUTS true
#endif

#define BIT(n) (1 << (n))
#define IN(set, n) (((set) >> (n)) & 1)
#define N 5

mtype = { SINCE, CLOCK, REP, RES, CHK, LAST, DIG, KEY, VER, COMP, WALK };
chan ir = [1] of { mtype, byte, byte }; /* to the responder */
chan ri = [1] of { mtype, byte, byte }; /* to the initiator */
chan out = [8] of { mtype, byte, byte }; /* waits to be sent by the initiator */

byte mask[2];            /* writes of each object */
byte i_has = BIT(1), i_clock = BIT(1), r_has = BIT(3), r_clock = BIT(3);
byte i_bad, r_bad;       /* writes of refused objects */
byte i_sent, i_acked, i_recv, i_refused, r_sent, r_acked, r_recv, r_refused;
byte i_open;             /* questions without an answer */
byte proved;             /* writes that RESULT has called applied */
byte sentbits[8];        /* what REPAIRs of the initiator had */
bool i_walking, i_settling, i_busy, i_done, i_ok, r_done, r_equal, touched, cut, refuse = true;
byte r_since;            /* the clock of SINCE */

#ifdef NOLAST
#define ASK CHK
#else
#define ASK LAST
#endif
#define LIVE (!cut)
#define SOUND assert((i_clock & ~i_has) == 0 && (r_clock & ~r_has) == 0)

/* put sends, unless the link is cut while it waits. */
inline put(to, a, b, c) {
	if
	:: to ! a, b, c
	:: cut
	fi
}

/* merge takes an object in, or not. */
inline merge(has, clock, bad, bits, refused) {
	if
	:: refuse -> refuse = false; bad = bad | bits; refused = true
	:: true -> has = has | (bits & ~(clock & ~has)); clock = clock | bits; refused = false
	fi
}

/* take adds a clock with ALL. */
inline take(clock, bad, all) {
#ifdef CLAIMBAD
	clock = clock | (all)
#else
	clock = clock | ((all) & ~bad)
#endif
}

/* first says whether no earlier write brings the object of d. */
inline first(has, have, upto, d, yes) {
	yes = true; e = 0;
	do
	:: e < d ->
		if
#ifdef SKIPNEW
		:: IN(has, e) && !IN(have, e) && (IN(mask[0], e) == IN(mask[0], d)) -> yes = false
#else
		:: IN(has, e) && !IN(have, e) && IN(upto, e) && (IN(mask[0], e) == IN(mask[0], d)) -> yes = false
#endif
		:: else
		fi;
		e++
	:: else -> break
	od;
	e = 0
}

#define OBJECT(d) (IN(mask[0], d) -> 0 : 1)

/* The initiator's sender. */
proctype isend() {
	mtype m; byte x, y, d, e, upto; bool yes;
	do
	:: atomic { LIVE && nempty(out) -> out ? m, x, y; i_busy = true }
		if
		:: m == WALK -> /* x: the responder's clock */
			upto = i_clock; d = 0;
			do
			:: d < N ->
				atomic {
					if
					:: IN(i_has, d) && !IN(x, d) -> first(i_has, x, upto, d, yes)
					:: else -> yes = false
					fi;
					if
					:: yes -> y = i_has & mask[OBJECT(d)]; sentbits[i_sent] = y; i_sent++
					:: else
					fi
				}
				if
				:: yes -> put(ir, REP, OBJECT(d), y)
				:: else
				fi;
				d++
			:: else -> break
			od;
#ifdef LATECLOCK
			upto = i_clock;
#endif
			put(ir, CLOCK, 1, upto);
			d = 0; upto = 0
		:: m == KEY -> put(ir, KEY, x, i_has & mask[x])
		:: m == CHK -> put(ir, CHK, 0, i_has)
		:: m == LAST -> put(ir, LAST, i_acked, i_has)
		:: m == REP ->
			atomic { y = i_has & mask[x]; sentbits[i_sent] = y; i_sent++ }
			put(ir, REP, x, y)
		:: else -> put(ir, m, x, y)
		fi;
		atomic { i_busy = false; m = 0; x = 0; y = 0; yes = false }
	:: cut || i_done -> break
	od
}

/* The initiator. It reads whatever it has to send. */
proctype initiator() {
	mtype m; byte x, y; bool no;
#ifdef NOCOUNT
	bool claimed;
#endif
#ifdef NOSINCE
	i_open = 1; put(out, ASK, 0, 0);
#else
	i_walking = true; put(out, SINCE, 0, i_clock);
#endif
	do
#ifdef NOREAD
	:: LIVE && !i_done && !i_busy && empty(out) && nempty(ri) -> ri ? m, x, y;
#else
	:: LIVE && !i_done && nempty(ri) -> ri ? m, x, y;
#endif
		if
		:: m == CLOCK ->
#ifdef NOLAST
			atomic { take(i_clock, i_bad, y); SOUND; i_open++; }
			put(out, WALK, y, 0); put(out, CHK, 0, 0); i_walking = false
#else
			atomic { take(i_clock, i_bad, y); SOUND }
			put(out, WALK, y, 0);
			atomic { i_settling = true; i_walking = false }
#endif
		:: m == REP -> atomic { merge(i_has, i_clock, i_bad, y, no); SOUND; i_recv++; i_refused = i_refused + no } put(out, RES, no, 0)
		:: m == RES -> atomic {
			if
			:: x == 0 -> proved = proved | sentbits[i_acked]; assert((proved & ~r_has) == 0)
			:: else -> i_refused++
			fi;
			i_acked++ }
		:: m == DIG ->
			atomic { i_open-- }
			if
			:: (y ^ i_has) & mask[0] -> i_open++; put(out, KEY, 0, 0)
			:: else
			fi;
			if
			:: (y ^ i_has) & mask[1] -> i_open++; put(out, KEY, 1, 0)
			:: else
			fi
		:: m == VER ->
			if
			:: (i_has & mask[x]) & ~y -> put(out, REP, x, 0)
			:: else
			fi;
			i_open--
		:: m == COMP -> /* x: sent, y: received */
			i_ok = (x == i_recv && y == i_sent && i_acked == i_sent && i_refused == 0);
			i_done = true
		fi;
		atomic { m = 0; x = 0; y = 0; no = false }
#ifndef NOLAST
#ifdef SOONLAST
	:: LIVE && !i_done && i_settling && empty(out) && !i_busy ->
#else
	:: LIVE && !i_done && i_settling && empty(out) && !i_busy && i_acked == i_sent ->
#endif
		i_settling = false; i_open++; put(out, LAST, 0, 0)
#endif
#ifdef NOCOUNT
	:: LIVE && !i_done && !i_walking && !i_settling && i_open == 0 && empty(out) && !i_busy -> i_ok = true; i_done = true; cut = true
#else
	:: LIVE && !i_done && !i_walking && !i_settling && i_open == 0 && empty(out) && !i_busy && i_acked == i_sent ->
		i_walking = true; put(out, COMP, i_sent, i_recv)
#endif
	:: cut || i_done -> break
	od;
	atomic {
		if
		:: i_ok -> assert(touched || i_has == r_has)
		:: else -> assert(cut || !refuse) /* what nobody has refused or cut is whole */
		fi
	}
}

/* The responder: one goroutine, which reads between its answers. */
proctype responder() {
	mtype m; byte x, y, d, e, upto, have; bool yes, no;
	do
	:: LIVE && !r_done && nempty(ir) -> ir ? m, x, y;
		if
		:: m == SINCE ->
			have = y; upto = r_clock; d = 0;
			do
			:: d < N ->
				atomic {
					if
					:: IN(r_has, d) && !IN(have, d) -> first(r_has, have, upto, d, yes)
					:: else -> yes = false
					fi;
					if
					:: yes -> y = r_has & mask[OBJECT(d)]; r_sent++
					:: else
					fi
				}
				if
				:: yes -> put(ri, REP, OBJECT(d), y)
				:: else
				fi;
				d++
			:: else -> break
			od;
#ifdef LATECLOCK
			upto = r_clock;
#endif
			put(ri, CLOCK, 1, upto);
			upto = 0; have = 0; d = 0
		:: m == CLOCK -> atomic { take(r_clock, r_bad, y); SOUND }
		:: m == REP ->
#ifdef EARLY
			put(ri, RES, 0, 0);
			if
			:: LIVE -> atomic { merge(r_has, r_clock, r_bad, y, no); r_recv++ }
			:: cut
			fi
#else
			atomic { merge(r_has, r_clock, r_bad, y, no); SOUND; r_recv++; r_refused = r_refused + no }
			put(ri, RES, no, 0)
#endif
		:: m == RES -> r_acked++
		:: m == CHK ->
			put(ri, DIG, 0, r_has)
		:: m == LAST ->
			if
#ifdef BLINDLAST
			:: true ->
#else
			:: r_has == y ->
#endif
				assert(x == r_recv); /* otherwise the session is not whole for the responder */
				put(ri, COMP, r_sent, r_recv);
				r_done = true
#ifndef BLINDLAST
			:: else -> put(ri, DIG, 0, r_has)
#endif
			fi
		:: m == KEY ->
			if
			:: (r_has & mask[x]) & ~y -> r_sent++; put(ri, REP, x, r_has & mask[x])
			:: else
			fi;
#ifdef ECHO
			put(ri, VER, x, y)
#else
			put(ri, VER, x, r_has & mask[x])
#endif
		:: m == COMP ->
			put(ri, COMP, r_sent, r_recv);
			r_done = true
		fi;
		atomic { m = 0; x = 0; y = 0; yes = false; no = false }
	:: cut || r_done -> break
	od
}

/* What others do. */
proctype fate() {
	bool w0 = true, w2 = W2, w4 = W4;
	do
	:: atomic { w0 -> w0 = false; touched = true; r_has = r_has | BIT(0); r_clock = r_clock | BIT(0) }
	:: atomic { w2 -> w2 = false; touched = true; i_has = i_has | BIT(2); i_clock = i_clock | BIT(2) }
	:: atomic { w4 -> w4 = false; touched = true; r_has = r_has | BIT(4); r_clock = r_clock | BIT(4) }
	:: atomic { CUTS && LIVE && !i_done -> cut = true }
	:: break
	od
}

init {
	byte n;
	atomic {
		do
		:: n < N ->
			if
			:: mask[0] = mask[0] | BIT(n)
			:: mask[1] = mask[1] | BIT(n)
			fi;
			n++
		:: else -> break
		od;
		n = 0;
		run isend(); run initiator(); run responder(); run fate()
	}
}
