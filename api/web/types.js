// @ts-check
// Types only: the objects of the HTTP API, as declared in idl/, and the parts of each template.

/**
 * A user as the viewer sees it.
 * @typedef {object} User
 * @property {number} id
 * @property {string} name
 * @property {number} follow_count
 * @property {number} follower_count
 * @property {boolean} is_follow whether the viewer follows this user
 * @property {string} avatar absolute URL
 * @property {string} background_image absolute URL
 * @property {string} signature
 * @property {number} total_favorited likes received
 * @property {number} work_count
 * @property {number} favorite_count
 */

/**
 * A friend with the newest message of the chat.
 * @typedef {User & {message?: string, msgType?: number}} FriendUser `msgType` is 1 if the viewer sent it
 */

/**
 * @typedef {object} Video
 * @property {number} id
 * @property {User} author
 * @property {string} play_url absolute URL
 * @property {string} cover_url absolute URL
 * @property {number} favorite_count
 * @property {number} comment_count
 * @property {boolean} is_favorite whether the viewer likes the video
 * @property {string} title
 * @property {string} [hls_url] absolute URL of a playlist with several qualities
 */

/**
 * A video of one's own that is being converted.
 * @typedef {object} ProcessingVideo
 * @property {number} id
 * @property {string} title
 * @property {string} cover_url absolute URL
 * @property {number} progress percent
 * @property {boolean} failed it cannot be converted
 */

/**
 * A cover that the author of a video can choose.
 * @typedef {object} Cover
 * @property {string} cover_url absolute URL
 * @property {boolean} chosen everybody sees this one
 */

/**
 * @typedef {object} Comment
 * @property {number} id
 * @property {User} user
 * @property {string} content
 * @property {string} create_date "mm-dd"
 */

/**
 * @typedef {object} Message
 * @property {number} id
 * @property {number} to_user_id
 * @property {number} from_user_id
 * @property {string} content
 * @property {number} create_time milliseconds since 1970
 */

/**
 * A chat with anybody.
 * @typedef {object} Conversation
 * @property {User} user the other one
 * @property {Message} message the newest
 * @property {number} unread 100 means: or more
 */

/**
 * The fields of every response.
 * @typedef {object} Envelope
 * @property {number} status_code 0 for success
 * @property {string} [status_msg] the error message for the user
 */

/** @typedef {Envelope & {video_list: Video[], next_time: number}} FeedResp */
/** @typedef {Envelope & {user_id: number, token: string}} LoginResp */
/** @typedef {Envelope & {token: string}} ChangePasswordResp */
/** @typedef {Envelope & {url: string}} SetPictureResp */
/** @typedef {Envelope & {url: string}} RemovePictureResp */
/** @typedef {Envelope & {user: User}} UserInfoResp */
/** @typedef {Envelope & {video_list: Video[], next_cursor: number}} PublishListResp */
/** @typedef {Envelope & {video_list: ProcessingVideo[]}} PublishProcessingResp */
/** @typedef {Envelope & {cover_list: Cover[]}} PublishCoversResp */
/** @typedef {Envelope & {processing?: boolean}} PublishActionResp */
/** @typedef {Envelope & {video_list: Video[], next_cursor: number}} FavoriteListResp */
/** @typedef {Envelope & {comment: Comment}} CommentResp */
/** @typedef {Envelope & {comment_list: Comment[], next_cursor: number}} CommentListResp */
/** @typedef {Envelope & {video_list: Video[], next_cursor: number}} VideoPageResp */
/** @typedef {Envelope & {video: Video}} VideoResp */
/** @typedef {Envelope & {user_list: User[], next_cursor: number}} SearchUsersResp */
/** @typedef {{name: string, video_count: number}} Hashtag */
/** @typedef {Envelope & {hashtag_list: Hashtag[]}} SuggestResp */
/** @typedef {Envelope & {user_list: User[], next_cursor: number}} FollowListResp */
/** @typedef {Envelope & {user_list: User[], next_cursor: number}} FollowerListResp */
/** @typedef {Envelope & {user_list: FriendUser[], next_cursor: number}} FriendListResp */
/** @typedef {Envelope & {conversation_list: Conversation[], next_cursor: number}} InboxResp */
/** @typedef {Envelope & {message_list: Message[], next_cursor: number}} MessageChatResp */

/**
 * The elements of a card by their `data-part`.
 * @typedef {object} CardParts
 * @property {HTMLElement} root
 * @property {HTMLImageElement} backdrop
 * @property {HTMLVideoElement} video
 * @property {HTMLButtonElement} tap
 * @property {HTMLElement} broken
 * @property {HTMLElement} caption
 * @property {HTMLAnchorElement} name
 * @property {HTMLElement} title
 * @property {HTMLAnchorElement} author
 * @property {HTMLImageElement} avatar
 * @property {HTMLButtonElement} follow
 * @property {HTMLButtonElement} like
 * @property {HTMLElement} likes
 * @property {HTMLButtonElement} comment
 * @property {HTMLElement} comments
 * @property {HTMLButtonElement} sound
 * @property {HTMLButtonElement} share
 * @property {HTMLButtonElement} report
 * @property {HTMLInputElement} seek
 */

/**
 * @typedef {object} FeedParts
 * @property {HTMLElement} root
 * @property {HTMLElement} end
 * @property {HTMLElement} word
 * @property {HTMLButtonElement} again
 */

/**
 * @typedef {object} CommentParts
 * @property {HTMLElement} root
 * @property {HTMLAnchorElement} author
 * @property {HTMLImageElement} avatar
 * @property {HTMLAnchorElement} name
 * @property {HTMLElement} text
 * @property {HTMLElement} date
 * @property {HTMLButtonElement} report
 * @property {HTMLButtonElement} remove
 */

/**
 * @typedef {object} PersonParts
 * @property {HTMLElement} root
 * @property {HTMLAnchorElement} link
 * @property {HTMLImageElement} avatar
 * @property {HTMLAnchorElement} open
 * @property {HTMLElement} name
 * @property {HTMLElement} line
 * @property {HTMLButtonElement} follow
 */

/**
 * @typedef {object} ConversationParts
 * @property {HTMLElement} root
 * @property {HTMLAnchorElement} link
 * @property {HTMLImageElement} avatar
 * @property {HTMLAnchorElement} open
 * @property {HTMLElement} name
 * @property {HTMLElement} line
 * @property {HTMLElement} count
 */

/**
 * @typedef {object} ProfileParts
 * @property {HTMLElement} root
 * @property {HTMLImageElement} banner
 * @property {HTMLImageElement} avatar
 * @property {HTMLButtonElement} follow
 * @property {HTMLAnchorElement} chat
 * @property {HTMLAnchorElement} edit
 * @property {HTMLButtonElement} report
 * @property {HTMLButtonElement} block
 * @property {HTMLAnchorElement} blocked
 * @property {HTMLButtonElement} leave
 * @property {HTMLElement} name
 * @property {HTMLElement} liked
 * @property {HTMLAnchorElement} following
 * @property {HTMLElement} follows
 * @property {HTMLAnchorElement} fans
 * @property {HTMLElement} followers
 * @property {HTMLElement} signature
 * @property {HTMLAnchorElement} works
 * @property {HTMLElement} published
 * @property {HTMLAnchorElement} likes
 * @property {HTMLElement} favorites
 * @property {HTMLElement} grid
 * @property {HTMLElement} notice
 */

/**
 * @typedef {object} EditParts
 * @property {HTMLElement} root
 * @property {HTMLFormElement} profile
 * @property {HTMLImageElement} banner
 * @property {HTMLImageElement} avatar
 * @property {HTMLInputElement} avatarFile
 * @property {HTMLButtonElement} avatarRemove
 * @property {HTMLInputElement} bannerFile
 * @property {HTMLButtonElement} bannerRemove
 * @property {HTMLInputElement} name
 * @property {HTMLTextAreaElement} signature
 * @property {HTMLFormElement} secret
 * @property {HTMLInputElement} username
 * @property {HTMLInputElement} before
 * @property {HTMLInputElement} after
 * @property {HTMLFormElement} everywhere
 */

/**
 * @typedef {object} TileParts
 * @property {HTMLElement} root
 * @property {HTMLAnchorElement} link
 * @property {HTMLImageElement} cover
 * @property {HTMLElement} likes
 * @property {HTMLButtonElement} covers
 * @property {HTMLButtonElement} remove
 */

/** @typedef {{root: HTMLElement, choose: HTMLButtonElement, picture: HTMLImageElement}} CoverParts */

/**
 * @typedef {object} ProcessingParts
 * @property {HTMLElement} root
 * @property {HTMLImageElement} cover
 * @property {HTMLElement} state
 * @property {HTMLButtonElement} remove
 */

/**
 * @typedef {object} PublishParts
 * @property {HTMLFormElement} root
 * @property {HTMLVideoElement} preview
 * @property {HTMLElement} chosen
 * @property {HTMLInputElement} file
 * @property {HTMLButtonElement} send
 */

/** @typedef {{root: HTMLElement, title: HTMLElement}} PageParts */
/** @typedef {{root: HTMLElement, rows: HTMLElement, notice: HTMLElement}} ListParts */
/** @typedef {{root: HTMLElement, log: HTMLElement, rows: HTMLElement, form: HTMLFormElement, text: HTMLInputElement}} ChatParts */
/** @typedef {{root: HTMLElement, time: HTMLElement, text: HTMLElement}} MessageParts */
/** @typedef {{root: SVGElement}} BurstParts */
/** @typedef {{root: HTMLElement, recommended: HTMLButtonElement, following: HTMLButtonElement, latest: HTMLButtonElement}} TabsParts */
/** @typedef {{root: HTMLElement, words: HTMLInputElement, tags: HTMLElement, people: HTMLElement, all: HTMLAnchorElement, grid: HTMLElement, notice: HTMLElement}} SearchParts */
/** @typedef {{root: HTMLElement, grid: HTMLElement, notice: HTMLElement}} FoundParts */
/** @typedef {{root: HTMLElement, link: HTMLAnchorElement, count: HTMLElement}} TagParts */

/**
 * The parts of every template of index.html.
 * @typedef {object} Templates
 * @property {FeedParts} feed
 * @property {CardParts} card
 * @property {BurstParts} burst
 * @property {TabsParts} tabs
 * @property {SearchParts} search
 * @property {FoundParts} found
 * @property {TagParts} tag
 * @property {CommentParts} comment
 * @property {PageParts} page
 * @property {ListParts} list
 * @property {PersonParts} person
 * @property {ConversationParts} conversation
 * @property {ProfileParts} profile
 * @property {EditParts} edit
 * @property {TileParts} tile
 * @property {CoverParts} cover
 * @property {ProcessingParts} processing
 * @property {ChatParts} chat
 * @property {MessageParts} message
 * @property {PublishParts} publish
 */

/**
 * A page: its arguments are the parts of the address after its name; `signal` aborts when it is left.
 * @typedef {(given: string[], signal: AbortSignal) => Promise<HTMLElement>} Page
 */

export {};
