// The SDK is made for bundlers: its files import each other without suffix and are modules without saying so.

export function resolve(specifier, context, next) {
    const bare = context.parentURL?.includes('improv-wifi-serial-sdk') && /^\.\/.*(?<!\.js)$/.test(specifier);
    return next(bare ? specifier + '.js' : specifier, context);
}

export function load(url, context, next) {
    return next(url, url.includes('improv-wifi-serial-sdk') ? { ...context, format: 'module' } : context);
}
