"""English."""

from bot.rules.phrases.words import Words, one_other

WORDS = Words(
    greetings=("Here you go.", "All yours.", "Done.", "Happy to help.", "There you are.", "Gladly."),
    threads=(
        "The thread by {name} on one page: {posts}, {minutes} to read.",
        "{posts} by {name} on one calm page, {minutes} to read.",
        "The whole thread by {name} in one piece ({posts}, {minutes} to read).",
        "A thread by {name}, from top to bottom: {posts}, {minutes} of reading.",
        "What {name} wrote, all in one place: {posts}, {minutes} of reading.",
    ),
    closings=("", "Enjoy the read:", "Have a good read:", "Take your time:"),
    posts=one_other("{} post", "{} posts"),
    minutes=one_other("{} minute", "{} minutes"),
    sorry=("Sorry.", "I am afraid not.", "I would if I could.", "Not this time, sorry."),
    refusals={
        "protected": (
            "The posts of this author are protected, so only their followers can read them.",
            "This account is private, and what is private stays with its followers.",
            "I cannot see protected posts. Once the account is public, ask me again.",
        ),
        "not-a-thread": (
            "This is a single post, and nothing by its author follows it.",
            "I see one post here and no thread. Call me below a post of a thread, and I will unroll it.",
            "There is nothing to unroll: the author did not go on below this post.",
        ),
        "author-opted-out": (
            "The author has asked me not to unroll their threads, and I keep to that.",
            "This author prefers their threads to be read on X only.",
            "Threads by this author are not unrolled, at their own wish.",
        ),
    },
    done=("Very well.", "Understood.", "All right.", "Noted.", "Of course."),
    confirmations={
        "stop": (
            'I will not answer you any more. Mention me with "start" if you change your mind.',
            'From now on I stay silent for you. The word "start" brings me back.',
            'No more replies from me. If you miss them, mention me with "start".',
        ),
        "start": (
            "I answer you again. Call me below any thread.",
            "I am back: mention me below a thread and I will unroll it.",
            "From now on you get replies from me again.",
        ),
        "opt-out": (
            'I will not unroll your threads any more, and their pages go. "opt in" undoes it.',
            'Your threads are yours alone from now on, and my pages go. "opt in" lets me back.',
            'Nobody gets your threads from me any more, and their pages go. To return, say "opt in".',
        ),
        "opt-in": (
            "Your threads may be unrolled again when somebody asks.",
            "Welcome back: I unroll your threads again from now on.",
            "From now on I make pages of your threads again, on request.",
        ),
        "delete": (
            "The page of this thread is gone.",
            "I have removed the page of this thread.",
            "This thread has no page with me any more.",
        ),
        "unlist": (
            "The page stays for those who have its link, and I list it nowhere.",
            "The page of this thread is off every list now. Its link still works.",
            "I no longer show this thread in lists or to search engines. The link still opens it.",
        ),
        "refresh": (
            "The page is up to date again.",
            "I have read the thread again, and the page has what is new.",
            "What was added or edited is on the page now.",
        ),
    },
    hello=("Hello.", "Hi there.", "Happy to explain."),
    help=(
        (
            'Reply "{bot} unroll" below a thread to get it as one page. I also know: refresh, stop, start. '
            "For authors: opt out, opt in, delete, unlist."
        ),
        (
            'With "{bot} unroll" below any post of a thread you get all of it on one page. Other words I '
            "know: refresh, stop, start, and for authors delete, unlist, opt out, opt in."
        ),
        (
            "Mention me below a thread with one of these. For everybody: unroll, refresh, stop, start. For "
            'its author: delete, unlist, opt out, opt in. For example "{bot} unroll".'
        ),
    ),
)
